//! The list of the faults, in the order in which their areas came.

catalogue! {
    Canary, "canary", "made up",
        "A store to a page that was written before stores a wrong label.",
        "Not a bug of anybody: a run that does not find it has found nothing at all.";
    CowReuseMapcountOnly, "cow-reuse-mapcount-only", "CVE-2020-29374, fix 17839856fd58",
        "A write fault reuses a page that one entry maps, whoever else holds a reference (B6).",
        "";
    DirtyCowRetry, "dirty-cow-retry", "CVE-2016-5195, fix 19be0eaffa3a",
        "A forced write forgets after its first fault that it wanted to write, and takes any page.",
        "Sequential: the fault itself is already raised as a read, so that no zap is needed in \
         between. A forced write to a zero page or a shared page shows it.";
    HugeDirtyCowTouch, "huge-dirty-cow-touch", "CVE-2017-1000405, fix a8f97366452e",
        "Following a PMD leaf makes it dirty, and a forced write trusts the dirty bit (D4).",
        "";
    WpCopyBreaksOwnPin, "wp-copy-breaks-own-pin", "09854ba94c6a, repaired by 6c287605fd56",
        "A write fault ignores PAE and copies whatever has a second reference (B3).",
        "The catalogue's way through mprotect shows nothing: H3 gives W back without a fault. A \
         read-only pin of a page that fork left read-only, then a write, does.";
    ClearRefsKillsPin, "clear-refs-kills-pin", "9348b73c2e1b",
        "Clearing soft-dirty bits write-protects pinned pages and takes their PAE (Z4).",
        "";
    ForkSharesPinned, "fork-shares-pinned", "70e806e4e645",
        "fork shares pages that may be pinned (C5).",
        "";
    ForkPinnedThpNotSplit, "fork-pinned-thp-not-split", "d042035eaf5f",
        "fork shares a PMD leaf that may be pinned (C8).",
        "";
    RoPinWithoutUnshare, "ro-pin-without-unshare", "a7f226604170, c89357e27f20",
        "A read-only pin takes a page that may be shared as it is (D5).",
        "";
    ForkSkipWrprotect, "fork-skip-wrprotect", "rule C4 left out",
        "fork leaves the parent's entries writable.",
        "";
    ForkSkipPaeClear, "fork-skip-pae-clear", "rule C4 left out",
        "fork leaves PAE set on what it shares.",
        "";
    FreshAnonNotExclusive, "fresh-anon-not-exclusive", "rule A3 left out",
        "A new page is mapped without PAE.",
        "";
    ReuseSoleOwnerNoFlag, "reuse-sole-owner-no-flag", "rule B3 left out",
        "The last owner reuses a page without setting PAE.",
        "";
    MprotectWritableNonexclusive, "mprotect-writable-nonexclusive", "rule H3 (64fe24a3e05e) left out",
        "mprotect makes every dirty entry of a writable VMA writable.",
        "At PTE level.";
    SplitPaeForged, "split-pae-forged", "rule G2 left out",
        "The split of a PMD leaf makes all pages exclusive.",
        "";
    SplitDirtyGrantsWrite, "split-dirty-grants-write", "624a2c94f5b7, 434e3d15d92b",
        "The split of a dirty PMD leaf gives writable PTEs.",
        "";
    FreezeSplitIgnoresFailedShare, "freeze-split-ignores-failed-share", "rules G3, G7 left out",
        "A folio is split although references are held; its pages come back shared.",
        "Through the split that MADV_FREE needs. Who holds a reference keeps it on the piece.";
    BatchMprotectHeadPage, "batch-mprotect-head-page", "cac1db8c3aad, fix cf1b80dc31a1",
        "mprotect reads the PAE of a run from the head page of its folio (H9).",
        "";
    BatchMergesMixedPae, "batch-merges-mixed-pae", "review of cac1db8c3aad",
        "mprotect reads the PAE of a run from its first page (H9).",
        "";
    BatchOverrunsFolio, "batch-overruns-folio", "7b08b74f3d99",
        "A run goes on behind the end of its folio where the next one is its neighbour.",
        "In fork, zap, mprotect and the other users of runs.";
    BatchOverrunsVma, "batch-overruns-vma", "rule BT4 left out",
        "A run of mprotect goes on behind the end of the range.",
        "";
    BatchUnderadvance, "batch-underadvance", "rule C16 left out",
        "fork shares a run and goes on with the second entry of it.",
        "";
    BatchForkPartialDupFail, "batch-fork-partial-dup-fail", "rule C16 (f8d937761d65) left out",
        "Where a run cannot be shared for a pin, fork copies its first page and skips the rest.",
        "";
    AnonVmaDoubleReuse, "anon-vma-double-reuse", "CVE-2022-42703, 2555283eb40d",
        "Whether an anon_vma can be reused is judged by children and VMAs in one number (L3).",
        "The freed anon_vma of the original cannot happen here (one lives as long as some VMA links \
         it); the wrong reuse shows in num_active_vmas and in a folio's anon_vma.";
    AnonVmaStaleAfterUnlink, "anon-vma-stale-after-unlink", "ee8ab1903e3d",
        "When cloning a chain fails, the VMA keeps the anon_vma that it never linked (L2).",
        "At a merge, the only place where the VMA survives the failure.";
    ForkChildPageParentAnonVma, "fork-child-page-parent-anonvma", "rule L6 (e8a03feb54ca) left out",
        "A new page belongs to the parent of its VMA's anon_vma.",
        "";
    AnonVmaRootNotInherited, "anon-vma-root-not-inherited", "rule L3 left out",
        "The anon_vma of a child is its own root.",
        "";
    ZeroPageWriteFaultInPlace, "zero-page-write-fault-in-place", "the family of CVE-2016-5195",
        "A write fault on the zero page makes the zero page writable (B10).",
        "";
    MadvFreeSharedPage, "madvfree-shared-page", "rule I6 left out",
        "MADV_FREE does not ask whether somebody else maps the folio.",
        "Without reclaim no data is lost; the split or the lost dirty flag shows it.";
    ForkErrorLeavesParentShared, "fork-error-leaves-parent-shared", "rule C18 left out",
        "A fork that fails forgets its child's entries without unmapping what they map.",
        "";
    ReclaimUnmapsPinned, "reclaim-unmaps-pinned", "feb889fb40fa",
        "Reclaim does not ask for pins and unmaps what is pinned; the SWAP entry forgets exclusivity (E1, E4).",
        "";
    ForkLeavesWritableMigration, "fork-leaves-writable-migration", "seed 002 I.7d",
        "fork copies a MIGRATION entry as it is, to the child and for the parent (C11).",
        "";
    ForkChildOnlyDowngrade, "fork-child-only-downgrade", "seed 002 I.7d",
        "fork makes the child's MIGRATION entry readable and leaves the parent's (C11).",
        "";
    MprotectMigrationLosesExclusive, "mprotect-migration-loses-exclusive", "seed 002 I.8",
        "mprotect makes a writable MIGRATION entry plainly readable (H5).",
        "";
    ForkHwpoisonAsMigration, "fork-hwpoison-as-migration", "seed 002 I.7c",
        "fork takes a HWPOISON entry for a MIGRATION entry (C14).",
        "";
    ForkSwpExclusiveKept, "fork-swp-exclusive-kept", "rule of 1493a1913e34 left out",
        "fork copies a SWAP entry with its exclusive bit (C10).",
        "";
    SwapinAlwaysExclusive, "swapin-always-exclusive", "seed 002 I.5",
        "Every page that is swapped in is exclusive (E13).",
        "";
    SwapoutKeepsPae, "swapout-keeps-pae", "seed 002 I.4",
        "Swapping out does not take PAE from the page (E4).",
        "";
    RaceIiiSwapoutGupfast, "race-III-swapout-gupfast", "seed 002 III",
        "Pins are tested before the entry is cleared: GUP-fast comes in between (D17, R11).",
        "Needs a race.";
    StableWritesViolated, "stable-writes-violated", "rule E24 left out",
        "A page under writeback comes back writable from a device that needs stable pages.",
        "";
    UnmapErrorLeaksSlot, "unmap-error-leaks-slot", "rule E4 left out",
        "A swapout that fails at a pin keeps the count it took on the slot.",
        "Needs a pin that comes between the first test and the unmap: a race, or two pages of one folio.";
    SwapoffDropsPteBits, "swapoff-drops-pte-bits", "rule E17 left out",
        "swapoff forgets soft-dirty and uwp.",
        "";
    SwapoffForgesExclusive, "swapoff-forges-exclusive", "rule E17 left out",
        "swapoff makes every page exclusive.",
        "";
    MigrateIgnoresFailedShare, "migrate-ignores-failed-share", "seed 002 I.3",
        "Migration unmaps a page although it may be pinned (F3).",
        "";
    MigrateRestoreReadableExclusiveLost, "migrate-restore-readable-exclusive-lost", "seed 002 I.3",
        "A READ_EXCL entry comes back without PAE (F8).",
        "";
    RaceIiMigrationGupfast, "race-II-migration-gupfast", "seed 002 II",
        "Pins are tested before the entry is cleared: GUP-fast comes in between (D17, R10).",
        "Needs a race.";
    MigrateMkdirtyGrantsWrite, "migrate-mkdirty-grants-write", "rule F8 left out",
        "A dirty entry comes back writable.",
        "";
    MigrateDropsUffdwpSoftdirty, "migrate-drops-uffdwp-softdirty", "rule F3 left out",
        "A MIGRATION entry does not carry uwp and soft-dirty.",
        "";
    MigrateUnderWriteback, "migrate-under-writeback", "rule F2 left out",
        "Migration does not mind writeback.",
        "";
    CollapseIgnoresPins, "collapse-ignores-pins", "rule G16 left out",
        "MADV_COLLAPSE does not count references.",
        "";
    CollapseVsGupfast, "collapse-vs-gupfast", "rule G16 left out",
        "References are counted while GUP-fast can still reach the pages.",
        "Needs a race.";
    CollapseDropsUffdwp, "collapse-drops-uffdwp", "rule G19 left out",
        "MADV_COLLAPSE takes write-protected pages.",
        "";
    UffdForkMarkerLost, "uffd-fork-marker-lost", "rule C15 left out",
        "fork does not copy uffd-wp markers.",
        "";
    UffdForkBitsWrong, "uffd-fork-bits-wrong", "rule C21 left out",
        "The child's entries keep uwp though nobody watches them.",
        "";
    UffdInstallOverwrites, "uffd-install-overwrites-marker-or-page", "rule Z3 left out",
        "UFFDIO_COPY and its relatives do not look whether the place is empty.",
        "It is what UFFDIO_ZEROPAGE and UFFDIO_POISON overlook here.";
    KsmMergesPinned, "ksm-merges-pinned", "rule P2 left out",
        "KSM merges a page that somebody refers to.",
        "";
    KsmMergeKeepsPae, "ksm-merge-keeps-pae", "rule P2 left out",
        "A page that becomes a KSM page stays exclusive.",
        "";
    KsmCompareBeforeProtect, "ksm-compare-before-protect", "rule P2 left out",
        "Contents are compared before the page is write-protected, and not after.",
        "Needs a race.";
    KsmZeroCounter, "ksm-zero-counter", "rule P3 left out",
        "A page replaced by the zero page stays in rss.",
        "";
    DontneedSkipsNonpresent, "dontneed-skips-nonpresent", "rule I2 left out",
        "MADV_DONTNEED leaves MIGRATION entries where they are.",
        "Where a block of the range begins with one.";
    ForkNoFlush, "fork-no-flush", "rule R17 left out",
        "fork write-protects the parent's entries and does not flush the TLB.",
        "Needs a race with a CPU that writes.";
    SwapoutNoFlush, "swapout-no-flush", "rule R17 left out",
        "Reclaim unmaps a folio and writes it, or frees it, without a flush.",
        "Needs a race with a CPU that writes.";
    MigrateNoFlush, "migrate-no-flush", "rule R17 left out",
        "A folio is unmapped for migration or for a split and the TLB is not flushed.",
        "Needs a race with a CPU that writes.";
    KsmNoFlush, "ksm-no-flush", "rule P2 left out",
        "KSM write-protects and replaces pages without a flush.",
        "Needs a race with a CPU that writes.";
    CollapseNoFlush, "collapse-no-flush", "rule G16 left out",
        "MADV_COLLAPSE copies pages whose translations were not flushed.",
        "Needs a race with a CPU that writes.";
    CowNoFlush, "cow-no-flush", "rule B9 left out",
        "A copy on write puts the new page in place without a flush of the old one.",
        "Needs a race with a CPU that reads.";
    ZapNoFlush, "zap-no-flush", "rule I1 left out",
        "Unmapped pages are freed while a CPU can still reach them.",
        "Needs a race with a CPU.";
    ProtectNoFlush, "mprotect-no-flush", "rule R17 left out",
        "A change of protection returns before the TLB is flushed.",
        "Needs a race with a CPU that acts when the operation is over.";
    MremapNoFlush, "mremap-flush-after-unlock", "eb66ae030829",
        "mremap returns before the old addresses are flushed.",
        "Needs a race with a CPU that acts when the operation is over.";
    UffdMoveNoFlush, "uffdmove-no-flush", "rules K5, K7 left out",
        "UFFDIO_MOVE leaves CPUs their translations of the source.",
        "Needs a race with a CPU that acts when the operation is over.";
    HwpoisonNoFlush, "hwpoison-no-flush", "rule Q1 left out",
        "Memory failure unmaps a page and CPUs go on using it.",
        "Needs a race with a CPU.";
    MadvFreeNoFlush, "madvfree-no-flush", "rule R31 left out",
        "MADV_FREE cleans entries and leaves CPUs their dirty translations.",
        "Needs a race with a CPU that writes when the operation is over.";
    GupfastNoForkSeq, "gupfast-no-fork-seq", "57efa1fe5957",
        "GUP-fast does not look at the sequence count of fork (D15.F0, F8).",
        "Needs a race.";
    GupfastNoPteRecheck, "gupfast-no-pte-recheck", "088b8aa537c2",
        "GUP-fast does not look at the entry again (D15.F4, F6).",
        "Needs a race.";
    BatchMremapIgnoresWrite, "batch-mremap-ignores-write", "04d1c9d60c6e",
        "mremap gives every entry of a run the write bit of its first one (BT5).",
        "";
    MremapLeafAsTable, "mremap-leaf-as-table", "CVE-2020-10757, fix 5bfea2d9b17f",
        "mremap moves a PMD leaf as if it were a table (J9).",
        "What the new entry names is the deposited table, not the page.";
    MremapErrorNoMoveback, "mremap-error-no-moveback", "CVE-2024-53111, fix a4a282daf1a1",
        "A move that runs out of memory does not move back what it moved (J11).",
        "Needs a failing allocation behind the first table.";
    MremapKeepsUffdwp, "mremap-keeps-uffdwp", "CVE-2025-21696, fix 0cef0bb836e3",
        "uwp survives a move to where nobody watches (J7).",
        "";
    MremapSoftDirtyLost, "mremap-soft-dirty-lost", "rule J7 left out",
        "Moved entries are not marked soft-dirty.",
        "";
    MremapSwapLosesExclusive, "mremap-swap-loses-exclusive", "rule J7 left out",
        "A moved SWAP entry forgets that it is exclusive.",
        "Where entries are moved one by one, not whole tables.";
    DontunmapKeepsAnonVma, "dontunmap-keeps-anon-vma", "1583aa278f5f",
        "A VMA that MREMAP_DONTUNMAP emptied keeps its anon_vma (J12).",
        "";
    UnfaultedMergeNotCloned, "unfaulted-merge-not-cloned", "fixed in 6.18.8 (rule L10)",
        "A neighbour without anon_vma that takes moved pages in does not get theirs (L10).",
        "";
    MoveMergesForeignAnonVma, "move-merges-foreign-anon-vma", "rule L10 left out",
        "Moved memory merges with a neighbour that has another anon_vma.",
        "";
    MoveKeepsKsm, "move-keeps-ksm", "rule J4 left out",
        "A move leaves KSM pages as they are, at an address KSM does not know.",
        "";
    UffdMoveSwapcacheIndex, "uffdmove-swapcache-index", "CVE-2025-21984, fix c50f8e6053b0",
        "UFFDIO_MOVE of a SWAP entry forgets the folio in the swap cache (K8).",
        "";
    UffdMoveLatePinTest, "uffdmove-changes-folio-before-pin-test",
        "d7a08838ab74; CVE-2024-27007, fix c0205eaf3af9",
        "UFFDIO_MOVE changes anon_vma and index before it tests for pins (K5, K7).",
        "";
    UffdMoveNoSecondPinTest, "uffdmove-no-second-pin-test", "rule K5 left out",
        "UFFDIO_MOVE does not test for pins again once the entry is cleared (K5, K7).",
        "Needs a race.";
    UffdMovePmdMigration, "uffdmove-pmd-migration", "CVE-2025-38686, fix aba6faec0103",
        "UFFDIO_MOVE takes a MIGRATION PMD for a leaf (K7).",
        "";
    UffdMoveNonexclusive, "uffdmove-nonexclusive", "seed 001",
        "UFFDIO_MOVE does not test PAE (K5, K7, K8).",
        "";
    UffdMoveKsm, "move-rmap-ksm", "seed 001",
        "UFFDIO_MOVE takes KSM pages (K12).",
        "";
    UffdMoveIndexKept, "uffdmove-index-kept", "rule K5 left out",
        "UFFDIO_MOVE gives a folio the new anon_vma, but leaves its index.",
        "";
    UffdMovePartOfLarge, "uffdmove-part-of-large", "rule K5 left out",
        "UFFDIO_MOVE moves a page of a large folio without splitting the folio.",
        "";
    UffdMoveHugeZeroNull, "uffdmove-huge-zero-null", "CVE-2026-31397",
        "UFFDIO_MOVE of the huge zero folio builds the new PMD entry from no folio (K7).",
        "What is mapped instead is the first frame.";
    DontunmapAccounting, "dontunmap-accounting", "0e59f47c15ce",
        "MREMAP_DONTUNMAP takes the emptied VMA for an unmapped one and no longer accounts for it.",
        "What is counted for a process stands in the flag ACCOUNT of its VMAs here.";
    MremapTableMoveNoRmapLock, "mremap-table-move-no-rmap-lock", "CVE-2022-41222, 97113eb39fa7",
        "A page table is moved whole without the rmap lock (J10).",
        "Needs a race with an rmap walker.";
    RmapLockNoRecheck, "rmap-lock-no-recheck", "seed 001; rules L8, L18 (RETRY-OFF) left out",
        "An rmap walker that got its lock does not look whether the folio has moved on.",
        "Needs a race. The walker is part of the model.";
    UffdMoveNoRmapLock, "uffdmove-no-rmap-lock", "rules K12, L18 (ROOTLOCK-OFF) left out",
        "UFFDIO_MOVE gives a folio another root without the lock of the old one.",
        "Needs a race with an rmap walker.";
    MoveRmapNonexclusive, "move-rmap-nonexclusive", "seed 001; rules JR2, K12 left out",
        "Relocation gives a folio to one VMA although other processes map it.",
        "The same in UFFDIO_MOVE is uffdmove-nonexclusive.";
    AssumeExclusiveSingleMap, "assume-exclusive-single-map", "seed 000 (RA-ASSERT-PAE0)",
        "Relocation takes a folio with one mapping for exclusive, and marks its first page so.",
        "In the model the assertion that was dropped acts on what it believes.";
    RelocateWithoutUndo, "relocate-without-undo", "seed 000; rule JR14 left out",
        "A relocation that ends early leaves the folios it changed with the anon_vma that goes.",
        "";
    RelocateNoRevert, "relocate-no-revert", "seed 000 (RA-NO-REVERT)",
        "Where memory lacks for a page table entries go back, index and anon_vma do not.",
        "Needs a failing allocation.";
    RelocateCombinedUndoEntriesOnly, "relocate-combined-undo-entries-only",
        "seed 000 (RA-COMBINED)",
        "The same in the design that changes folios table by table.",
        "Needs a failing allocation behind the first table, and that design.";
    RelocateIgnoresPins, "relocate-ignores-pins", "seed 000; RA-PIN-CHECK",
        "Relocation does not look for pins although its design says so.",
        "Harms nobody (RA-PIN-IGNORE is a design of its own); that it is told apart is what counts.";
    RelocateSkipsMigrationEntry, "relocate-skips-migration-entry", "seed 000 (RA-SKIP-MIG)",
        "Relocation passes over MIGRATION entries, whose folio may come back as it was.",
        "";
    RelocateSkipsSwapcache, "relocate-skips-swapcache", "seed 000 (RA-SKIP-SWAP)",
        "Relocation passes over SWAP entries whose folio is in the swap cache.",
        "";
    RelocateUndoFailsOnLatePin, "relocate-undo-fails-on-late-pin", "seed 000 (RA-UNDO-PIN)",
        "Undo stops at a folio that looks pinned by then.",
        "Needs a race with GUP-fast, and another folio that ends the relocation.";
    RelocatePartiallyMappedFolio, "relocate-partially-mapped-folio",
        "seed 000 (RA-SPLIT-ELSEWHERE)",
        "A large folio is relocated with some of its mappings elsewhere (JR16).",
        "";
    RelocateCountsMappingsAlone, "relocate-counts-mappings-alone", "found by mmdiff in seed 000 (RA-SPLIT-ELSEWHERE)",
        "A large folio is relocated whole although SWAP entries name slots that it is cached for (JR16).",
        "They may be anywhere; what comes back by one of them has an index that is not its place's.";
    RelocatePmdSkip, "relocate-pmd-skip", "seed 000 (RA-PMD-SKIP)",
        "Relocation passes over PMD leaves.",
        "";
    RelocateFragment, "relocate-fragment", "seed 000 (RA-FRAGMENT)",
        "A pinned folio keeps its old anon_vma, which the new VMA is linked to as well.",
        "";
    RelocateNoOldLock, "relocate-no-old-lock", "seed 000 (RA-NO-OLD-LOCK)",
        "Only the new root is locked (JR4).",
        "Needs a race with an rmap walker.";
    RelocateNoNewLock, "relocate-no-new-lock", "seed 000 (RA-NO-NEW-LOCK)",
        "Only the old root is locked (JR4).",
        "Needs a race with an rmap walker.";
    RelocateAvobjectOnePlace, "relocate-avobject-one-place", "seed 000 (RA-AV-OBJECT)",
        "A walker that meets the object of two places looks at the new one only.",
        "Needs a race with an rmap walker, and that design.";
    ForkDevprivateKeepsExclusive, "fork-devprivate-keeps-exclusive", "seed 002 I.7b",
        "fork shares a DEVPRIV page and leaves it exclusive and writable (C12).",
        "";
    MigrateVmaDirtyLost, "migrate-vma-dirty-lost", "fix fd35ca3d12cc",
        "Collecting a page does not hand the dirty bit of its entry to the folio (N4).",
        "";
    MigrateVmaNonpresentDecoded, "migrate-vma-nonpresent-decoded", "fix 63867c82d0c0",
        "Collecting a DEVPRIV entry looks for a dirty bit in it as if it were present (N4).",
        "Here it is always found.";
    MigrateVmaIgnoresFailedShare, "migrate-vma-ignores-failed-share", "rule N4 left out",
        "A page that may be pinned is collected, and its pins count as expected (N4, N5, N7).",
        "The tests of the reference count would catch it.";
    MigrateVmaInsertOverwrites, "migrate-vma-insert-overwrites", "rule N8 left out",
        "A page is put into a hole without a look whether the place is still empty (N8).",
        "No race is needed: the phases are operations.";
    MigrateVmaInsertIgnoresUffd, "migrate-vma-insert-ignores-uffd", "rule N8 left out",
        "A hole is filled although userfaultfd watches for missing pages (N8).",
        "";
    DevprivateWrongSubpageFlag, "devprivate-wrong-subpage-flag",
        "mm/rmap: invalid subpage pointer in try_to_migrate_one",
        "The walk that unmaps a DEVPRIV entry reads PAE from another page (F3).",
        "The other page is the neighbour in memory.";
    DevprivateFaultNoRef, "devprivate-fault-no-ref", "CVE-2022-3523, fix 16ce101db85d",
        "A CPU fault on a DEVPRIV entry does not mind who else works on the page (N12).",
        "A lock held by somebody else stands in for the race that is lost.";
    DevprivateFinalizeWrongLru, "devprivate-finalize-wrong-lru", "CVE-2025-21861, fix 41cddf83d8b0",
        "The end of a device migration puts every folio on the LRU (N9).",
        "It shows on a device's folio; one that is freed is gone before anybody can see it.";
    DevprivatePmdMprotectDropsUffdwp, "devprivate-pmd-mprotect-drops-uffdwp",
        "CVE-2026-72180, fix f7e2c21bd1f5",
        "A change of protection rebuilds the DEVPRIV entry of a block without uwp (H6).",
        "Needs dev_thp=on.";
    RmapWalkDevprivatePmd, "rmap-walk-devprivate-pmd", "CVE-2026-68163, fix f84ca9b1888d",
        "An rmap walk takes the DEVPRIV entry of any block for one of its folio (L7).",
        "Needs dev_thp=on.";
    KsmDevexclusive, "ksm-devexclusive", "mm/ksm: device-exclusive entries in write_protect_page",
        "KSM takes a DEVEXCL entry for a present one (P2).",
        "";
    DevexclForkNotRestored, "devexcl-fork-not-restored", "seed 002 I.7a",
        "fork copies a DEVEXCL entry as it is (C13).",
        "";
    DevexclSecondWalkSkipped, "devexcl-second-walk-skipped", "rule O2 left out",
        "What GUP found is made exclusive without a second look (O2).",
        "No fork can come in between here; instead GUP reads, so that it may find a shared page.";
    DevexclSoftdirtyLost, "devexcl-softdirty-lost", "rule O3 left out",
        "A DEVEXCL entry does not carry soft-dirty.",
        "";
    DevexclDropsMapcount, "devexcl-drops-mapcount", "mm/rmap: keep mapcount for device-exclusive",
        "A DEVEXCL entry gives its mapping up, as older kernels did, and never gets it back (O3).",
        "";
    DevexclRestoreWritableBlindly, "devexcl-restore-writable-blindly", "rule O8 left out",
        "A page that was exclusive to a device comes back writable, whatever the rights (O8).",
        "";
    DevexclWrongSubpage, "devexcl-wrong-subpage", "seed 004",
        "A DEVEXCL entry names the head page of its folio (O3).",
        "";
    UffdwpStaleTlbCow, "uffdwp-stale-tlb-cow", "6ce64428d620",
        "UFFDIO_WRITEPROTECT returns before the TLB is flushed (R17, H7).",
        "Translations last for one operation, so that no copy can follow; a CPU that writes to a \
         protected page when the operation is over shows it.";
    NumaZapReinstallWindow, "numa-zap-reinstall-window", "ced108037c2a",
        "A NUMA hint takes a PMD leaf out of sight, and nobody waits for it to come back (H11, L9).",
        "Needs a race. It is an rmap walker that misses the leaf, no zap.";
    MprotectSwapReadAsPfn, "mprotect-swap-read-as-pfn", "CVE-2022-49992, fix 3d2f78f08cd8",
        "mprotect takes the slot of a SWAP entry for a frame, and believes its PAE (H6).",
        "";
    SwapSkipcacheAba, "swap-skipcache-aba", "CVE-2024-26759, fix 13ddaf26be32",
        "A read past the swap cache maps an old copy where the entry is the same again (E12).",
        "Sequential: the copy is that of the last such fault, as if it were still under way.";
    ZramSlotFreeOnRead, "zram-slot-free-on-read", "CVE-2022-49052, fix e914d8f00391",
        "Reading a slot empties it, whoever else names it (E12).",
        "";
    SwapoffMapsGarbage, "swapoff-maps-garbage", "9f186f9e5fa9",
        "swapoff maps a page that could not be read (E17).",
        "";
    SwapoffWrongMm, "swapoff-wrong-mm", "seed 003; rule E17 left out",
        "swapoff finds an entry in one process and maps its page in another one.",
        "In one that has the same slot at the same address, as after fork.";
    SwapoffMissesChildMm, "swapoff-misses-child-mm", "rule E17 left out",
        "swapoff passes over a process that has its SWAP entries from fork alone.",
        "";
    SwapoffUnstableMm, "swapoff-unstable-mm", "CVE-2025-39992, fix 1367da7eb875",
        "swapoff walks the mm of a fork that failed half way (C18, E17).",
        "Any later swapoff: each of the two is one operation. Where the walk wants a VMA there is none, and the call ends \
         with EFAULT.";
    ThpSplitClobbersSlot, "thp-split-clobbers-slot", "CVE-2022-50517, fix 71e2d666ef85",
        "The split of a cached folio mixes the slots of its tail pages up (G9).",
        "They are not overwritten: each tail page gets another one's.";
    SplitTrygetRace, "split-tryget-race", "577a1f495fd7",
        "The swap cache still has the whole folio for the slots of its tail pages, after the split (G9).",
        "For good, so that any look at such a slot takes the place of the one that comes beside the split.";
    SwapinWrongSlotBatch, "swapin-wrong-slot-batch", "rule BT7 left out",
        "A run of SWAP entries is one of consecutive slots, whatever slots they name.",
        "Where the run is taken away.";
    SplitDerefsForeignMigrationPmd, "split-derefs-foreign-migration-pmd",
        "CVE-2025-37958, fix fbab262b0c82",
        "The walk of a split takes any MIGRATION PMD that it meets for its own folio's (L7, G3).",
        "It splits that PMD.";
    MigrateVsDeferredSplit, "migrate-vs-deferred-split", "CVE-2024-42234, fix be9581ea8c05",
        "A folio that was migrated stays in the deferred-split queue (F7).",
        "Until it is freed, which takes it off here.";
    ThpWpMapcountRace, "thp-wp-mapcount-race", "CVE-2020-29368, fix c444eb564fb1",
        "A write fault does not count those who map a folio by a PMD (B7).",
        "Sequential: as if each of them were between its PMD map and its PTE maps.";
    CollapseSharedSourceRmapKept, "collapse-shared-source-rmap-kept", "rule G17 left out",
        "A collapse goes on counting the mappings of source pages that others map, too.",
        "";
    ZeroRemapOfPinned, "zero-remap-of-pinned", "rules F9, G7 left out",
        "A folio is split although pages of zeros are pinned, which give way to the zero page.",
        "";
    ZeroScanReadsPoison, "zero-scan-reads-poison", "CVE-2025-40230, fix 841a8bfcbad9",
        "The split of a folio reads a poisoned page, and puts the zero page in its place (F9).",
        "Reading it does no other harm here.";
    SplitSwapcacheBadOrder, "split-swapcache-bad-order", "f1d47cafe513",
        "A folio in the swap cache is split to an order above 0 (G7).",
        "";
    BatchUnmapPastTable, "batch-unmap-past-table", "CVE-2025-38447, fix ddd05742b45b",
        "Reclaim of a lazily free folio clears as many entries as it has pages left (BT3).",
        "Those behind the run, be they of its VMA or of the table next in memory, are lost.";
    UffdMoveDropsWp, "uffdmove-drops-wp", "userfaultfd: preserve write protection across UFFDIO_MOVE",
        "A SWAP entry that UFFDIO_MOVE moves loses its uwp (K8).",
        "Of a present page 6.18 itself drops it, and K5 says so.";
    UffdWaitDecodesNonpresent, "uffd-wait-decodes-nonpresent", "CVE-2026-64514, fix 8e80af52db65",
        "A write in a watched VMA reads the write bit of an entry that is not present (H7).",
        "With UFFD_FEATURE_SIGBUS nobody waits; here it is the fault itself that waits, for ever.";
    UffdCopyOverHugeMigration, "uffd-copy-over-huge-migration", "CVE-2024-46787, fix 71c186efc1b2",
        "UFFDIO_COPY and its relatives do not take a MIGRATION PMD for occupied (Z3).",
        "What it names is no table; a new one takes its place.";
    KsmSwapinNoCopy, "ksm-swapin-no-copy", "rule E16 left out",
        "A page that comes back from swap is mapped as it is where it does not belong.",
        "";
    MadvfreeVsDirectIo, "madvfree-vs-direct-io", "mm: fix race between MADV_FREE reclaim and blkdev direct IO read",
        "Reclaim drops a lazily free page whoever refers to it (E9).",
        "No race is needed: references last.";
    HwpoisonLargeReclaim, "hwpoison-large-reclaim", "CVE-2025-39725, fix 9f1e8cd0b7c4",
        "Reclaim takes a large folio from everybody if one of its pages is poisoned (E1, Q1).",
        "Where no PMD maps it; the healthy pages are lost with the poisoned one.";
    HwpoisonSwapcacheReclaimed, "hwpoison-swapcache-reclaimed", "CVE-2025-37834, fix 1b0449544c64",
        "Reclaim does not ask for poison (E1, Q1).",
        "What is read back from the slot hides the error.";
    ForkErrorExposesChild, "fork-error-exposes-child",
        "CVE-2024-50220, fix f64e67e5d3a4; 985da552a98e",
        "A fork that fails leaves its half-made child where others find it (C18).",
        "As a process like any other.";
    AnonmmOffsetBug, "anonmm-offset-bug", "seed 003; rule M18",
        "Where the copy of a shared page fails, a move takes one page too few back (M4).",
        "Where it is the first page, the move counts as done, and the source is unmapped.";
    AnonmmReuseRace, "anonmm-reuse-race", "seed 003; rule M19",
        "A page reused by a write fault goes on noting the address it had elsewhere (M15).",
        "No race is needed: a copy that fails for lack of memory leaves such a page, too.";
    AnonmmNoCow, "anonmm-no-cow", "before the patch of seed 003; rule M20",
        "mremap moves an entry of a shared page, which goes on noting the old address (M3).",
        "";
    AnonmmMoveWithoutEarlyCow, "anonmm-move-without-early-cow", "seed 003; rule M3 left out",
        "mremap gives a shared page the new address, at which one process maps it (M3).",
        "";
    EarlyCowLoopRetreat, "early-cow-loop-retreat", "seed 003; rule M3 left out",
        "After an early copy mremap goes on with the next page (M3).",
        "The copy is left at the source, and unmapped with it.";
    SwapinMovedClashNotCopied, "swapin-moved-clash-not-copied", "seed 003; rule M7 left out",
        "A page that comes back from swap is mapped whatever address it notes (M7).",
        "";
    AnonmmSwapoffKeepsClash, "anonmm-swapoff-keeps-clash", "before the patch of seed 003; rule M10 left out",
        "The same in swapoff (M10).",
        "";
    AnonmmDeadRecordKept, "anonmm-dead-record-kept", "rules M1, M14 left out",
        "The record of a process that ended is not freed with its last page (M1, M14).",
        "";
    AnonmmWalkSkipsListHead, "anonmm-walk-skips-list-head", "rule M16 left out",
        "A search for mappings ends at the end of the list (M16, M17).",
        "";
    AnonmmUnmapIgnoresLocked, "anonmm-unmap-ignores-locked", "rule M17 left out",
        "Reclaim takes a page from a LOCKED VMA (M17).",
        "";
}
