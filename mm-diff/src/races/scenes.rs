//! What is raced: each operation that takes a page away or changes who may write to it, on a page
//! in each state that decides how, by each actor. As data, in the language of programs.

use mm_ops::{Actor, Op, Program, RACE_STEPS, Step};

/// An operation to race, on one layout of memory.
struct Raced {
    /// Its name in reports.
    name: &'static str,
    /// What must stand before; the page at stake is p0's page 0.
    before: &'static str,
    /// The operation.
    op: &'static str,
    /// What it takes to bring it to its end, where it has phases.
    rest: &'static str,
    /// Pages an actor may be after.
    pages: &'static [u32],
}

const SMALL: &str = "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a";
const LARGE: &str = "config ptes=8\nthp always=2\nmmap p0 0+8 rw\nwrite p0 0 a\nwrite p0 1 b";
const LEAF: &str = "config ptes=4\nthp always=2\nmmap p0 0+4 rw\nwrite p0 0 a";
const TWINS: &str = "config ptes=4\nmmap p0 0+2 rw\nmadvise p0 0+2 populate_write\n\
                     madvise p0 0+2 mergeable";

const WATCHED: &str = "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\nuffd_register p0 0+4 both";

const RACED: &[Raced] = &[
    Raced { name: "swapout", before: SMALL, op: "swap_out p0 0", rest: "", pages: &[0] },
    Raced { name: "swapout, large", before: LARGE, op: "swap_out p0 0", rest: "", pages: &[0, 1] },
    Raced { name: "swapout, PMD", before: LEAF, op: "swap_out p0 0", rest: "", pages: &[0] },
    Raced {
        name: "swapout, slow write",
        before: SMALL,
        op: "swap_out p0 0 l0",
        rest: "write_done l0",
        pages: &[0],
    },
    Raced {
        name: "lazyfree reclaim",
        before: "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\nmadvise p0 0+1 free",
        op: "swap_out p0 0",
        rest: "",
        pages: &[0],
    },
    Raced {
        name: "migration",
        before: SMALL,
        op: "migrate p0 0 l0 all",
        rest: "migrate_copy l0\nmigrate_end l0",
        pages: &[0],
    },
    Raced {
        name: "migration, large",
        before: LARGE,
        op: "migrate p0 0 l0 all",
        rest: "migrate_copy l0\nmigrate_end l0",
        pages: &[0, 1],
    },
    Raced {
        name: "migration, PMD",
        before: LEAF,
        op: "migrate p0 0 l0 all",
        rest: "migrate_copy l0\nmigrate_end l0",
        pages: &[0],
    },
    Raced {
        name: "folio split",
        before: LARGE,
        op: "split p0 0 order=0",
        rest: "",
        pages: &[0, 1],
    },
    Raced {
        name: "folio split, PMD",
        before: LEAF,
        op: "split p0 0 order=0",
        rest: "",
        pages: &[0],
    },
    Raced { name: "KSM", before: TWINS, op: "ksm p0 0 p0 1", rest: "", pages: &[0, 1] },
    Raced { name: "fork", before: SMALL, op: "fork p0 p2", rest: "", pages: &[0] },
    Raced { name: "fork, large", before: LARGE, op: "fork p0 p2", rest: "", pages: &[0, 1] },
    Raced { name: "fork, PMD", before: LEAF, op: "fork p0 p2", rest: "", pages: &[0] },
    Raced { name: "collapse", before: SMALL, op: "madvise p0 0+4 collapse", rest: "", pages: &[0] },
    Raced {
        name: "khugepaged",
        before: SMALL,
        op: "khugepaged p0 0 none=4 swap=4 shared=4",
        rest: "",
        pages: &[0],
    },
    Raced { name: "DONTNEED", before: SMALL, op: "madvise p0 0+1 dontneed", rest: "", pages: &[0] },
    Raced { name: "munmap", before: SMALL, op: "munmap p0 0+1", rest: "", pages: &[0] },
    Raced { name: "munmap, large", before: LARGE, op: "munmap p0 0+8", rest: "", pages: &[0, 1] },
    Raced { name: "munmap, PMD", before: LEAF, op: "munmap p0 0+4", rest: "", pages: &[0] },
    Raced { name: "exit", before: SMALL, op: "exit p0", rest: "", pages: &[0] },
    Raced { name: "mprotect", before: SMALL, op: "mprotect p0 0+4 r", rest: "", pages: &[0] },
    Raced { name: "mprotect, PMD", before: LEAF, op: "mprotect p0 0+4 r", rest: "", pages: &[0] },
    Raced { name: "uffd-wp", before: WATCHED, op: "uffd_wp p0 0+1 on", rest: "", pages: &[0] },
    Raced { name: "FREE", before: SMALL, op: "madvise p0 0+1 free", rest: "", pages: &[0] },
    Raced { name: "memory failure", before: SMALL, op: "hwpoison p0 0", rest: "", pages: &[0] },
    Raced {
        name: "mremap",
        before: SMALL,
        op: "mremap p0 0+2 9+2 maymove fixed",
        rest: "read p0 9",
        pages: &[0, 1],
    },
    Raced {
        name: "mremap, table",
        before: SMALL,
        op: "mremap p0 0+4 8+4 maymove fixed",
        rest: "read p0 8",
        pages: &[0],
    },
    Raced {
        name: "mremap, PMD",
        before: LEAF,
        op: "mremap p0 0+4 8+4 maymove fixed",
        rest: "read p0 8",
        pages: &[0],
    },
    Raced {
        name: "UFFDIO_MOVE",
        before: WATCHED,
        op: "uffd_move p0 0+1 2",
        rest: "read p0 2",
        pages: &[0],
    },
    Raced {
        name: "UFFDIO_MOVE, PMD",
        before: "config ptes=4\nthp always=2\nmmap p0 0+8 rw\nwrite p0 0 a\n\
                 uffd_register p0 4+4 missing",
        op: "uffd_move p0 0+4 4",
        rest: "read p0 4",
        pages: &[0],
    },
    Raced {
        name: "relocation",
        before: SMALL,
        op: "mremap p0 0+2 9+2 maymove fixed relocate",
        rest: "read p0 9",
        pages: &[0, 1],
    },
    Raced {
        name: "relocation, large",
        before: LARGE,
        op: "mremap p0 0+8 17+8 maymove fixed relocate",
        rest: "read p0 17",
        pages: &[0, 1],
    },
    Raced {
        name: "relocation, PMD",
        before: LEAF,
        op: "mremap p0 0+4 8+4 maymove fixed relocate",
        rest: "read p0 8",
        pages: &[0],
    },
    Raced {
        name: "relocation, split",
        before: LARGE,
        op: "mremap p0 0+2 17+2 maymove fixed relocate",
        rest: "read p0 17",
        pages: &[0],
    },
    Raced {
        name: "relocation, undone",
        before: "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\nwrite p0 2 b\nlock p0 2 l0",
        op: "mremap p0 0+4 9+4 maymove fixed relocate",
        rest: "read p0 9",
        pages: &[0],
    },
    Raced {
        name: "device migration",
        before: SMALL,
        op: "dev_setup d0 p0 0+1 l0 system",
        rest: "dev_pages l0 device\ndev_finalize l0\ndev_write d0 p0 0 c",
        pages: &[0],
    },
    Raced {
        name: "device migration, PMD",
        before: LEAF,
        op: "dev_setup d0 p0 0+4 l0 system",
        rest: "dev_pages l0 device\ndev_finalize l0",
        pages: &[0],
    },
    Raced {
        name: "device migration, into an empty place",
        before: "config ptes=4\nmmap p0 0+4 rw\nread p0 0\ndev_setup d0 p0 0+2 l0 system",
        op: "dev_pages l0 device",
        rest: "dev_finalize l0",
        pages: &[0],
    },
    Raced {
        name: "end of a device migration",
        before: "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\ndev_setup d0 p0 0+1 l0 system\n\
                 dev_pages l0 host",
        op: "dev_finalize l0",
        rest: "",
        pages: &[0],
    },
    Raced {
        name: "fault on a device's page",
        before: "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\ndev_setup d0 p0 0+1 l0 system\n\
                 dev_pages l0 device\ndev_finalize l0",
        op: "read p0 0",
        rest: "",
        pages: &[0],
    },
    Raced {
        name: "device-exclusive",
        before: SMALL,
        op: "dev_exclusive d0 p0 0 l0",
        rest: "dev_write d0 p0 0 c\ndrop l0\ndev_write d0 p0 0 e",
        pages: &[0],
    },
    Raced {
        name: "device-exclusive, large",
        before: LARGE,
        op: "dev_exclusive d0 p0 0 l0",
        rest: "dev_write d0 p0 0 c\ndrop l0",
        pages: &[0, 1],
    },
    Raced {
        name: "fault on a page that is exclusive to a device",
        before: "config ptes=4\nmmap p0 0+4 rw\nwrite p0 0 a\ndev_exclusive d0 p0 0 l0\ndrop l0",
        op: "read p0 0",
        rest: "dev_write d0 p0 0 c",
        pages: &[0],
    },
    Raced { name: "write", before: SMALL, op: "write p0 0 c", rest: "", pages: &[0] },
    Raced { name: "write, large", before: LARGE, op: "write p0 0 c", rest: "", pages: &[0] },
    Raced { name: "write, PMD", before: LEAF, op: "write p0 0 c", rest: "", pages: &[0] },
];

/// Who has the page, and what that is called. `p1` and `h1` are the others.
const STATES: &[(&str, &str)] = &[
    ("exclusive", ""),
    ("shared", "fork p0 p1"),
    ("once shared", "fork p0 p1\nexit p1"),
    ("referenced", "get p0 0 r h1"),
    ("pinned", "pin p0 0 rw h1"),
    ("pinned, then forked", "pin p0 0 rw h1\nfork p0 p1"),
];

/// Who comes by, in p0 or its child, at PID and PAGE.
const ACTORS: &[&str] = &[
    "pin PID PAGE r h0",
    "pin PID PAGE rw h0",
    "get PID PAGE r h0",
    "get PID PAGE rw h0",
    "read PID PAGE",
    "write PID PAGE d",
    "walk PID PAGE",
];

/// What shows afterwards who has what: everybody looks, everybody writes, everybody looks again.
const AFTER: &str = "read p0 0\nread p1 0\ndma_read h0 0\ndma_write h0 0 e\nread p0 0\n\
                     write p0 0 f\ndma_read h0 0\ndma_read h1 0\nread p1 0\nread p2 0\nwrite p0 1 g\n\
                     put h0";

/// An operation, a state and an actor: all schedules of it are tried.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// The operation.
    pub(super) name: &'static str,
    /// The state of the page.
    pub(super) state: &'static str,
    /// The program; its actor comes at once.
    pub(super) program: Program,
    /// Index of the `race` in it.
    pub(super) race: usize,
}

impl Scene {
    /// How many steps the actor takes.
    pub(super) fn steps(&self) -> usize {
        self.race().map_or(0, |(actor, _)| actor.steps())
    }

    /// The actor, and when it takes its steps.
    pub(super) fn race(&self) -> Option<(Actor, [u8; RACE_STEPS])> {
        match self.program.steps.get(self.race) {
            Some(Step { op: Op::Race { actor, at }, .. }) => Some((*actor, *at)),
            _ => None,
        }
    }

    /// Takes the steps of the actor at these yield points.
    pub(super) fn schedule(&mut self, points: &[u8]) {
        if let Some(Step { op: Op::Race { at, .. }, .. }) = self.program.steps.get_mut(self.race) {
            at[..points.len()].copy_from_slice(points);
        }
    }
}

/// The names of the operations.
pub(super) fn names() -> Vec<&'static str> {
    RACED.iter().map(|raced| raced.name).collect()
}

/// Every operation in every state with every actor.
///
/// # Errors
/// When a line of the tables above is no program; a test makes them all.
pub(super) fn all() -> Result<Vec<Scene>, mm_ops::ParseError> {
    let mut scenes = Vec::new();
    for raced in RACED {
        for (state, made_by) in STATES {
            let children: &[&str] = if made_by.ends_with("p1") && !made_by.contains("exit") {
                &["p0", "p1"]
            } else {
                &["p0"]
            };
            for pid in children {
                for page in raced.pages {
                    for actor in ACTORS {
                        let actor = actor.replace("PID", pid).replace("PAGE", &page.to_string());
                        let lines = [raced.before, made_by];
                        let before = lines.join("\n");
                        let race = before.parse::<Program>()?.steps.len();
                        let one_step = actor.starts_with("read") || actor.starts_with("write");
                        let at = if one_step { "0" } else { "0,0,0,0" };
                        let text = format!(
                            "{before}\nrace {actor} at {at}\n{}\n{}\n{AFTER}",
                            raced.op, raced.rest
                        );
                        let program = text.parse()?;
                        scenes.push(Scene { name: raced.name, state, program, race });
                    }
                }
            }
        }
    }
    Ok(scenes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_is_a_program_with_its_race_in_place() {
        let scenes = all().unwrap();
        assert!(scenes.len() > 1000, "{}", scenes.len());
        for scene in scenes {
            assert!(scene.steps() == 1 || scene.steps() == 4, "{}", scene.name);
        }
    }
}
