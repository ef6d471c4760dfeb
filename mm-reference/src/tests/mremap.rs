//! Moving memory (section J).
