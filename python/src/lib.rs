//! The native part of the Python package `leaksieve`: filter files are built and asked here, and
//! columns cross by Arrow's C data interface, without copies. It has no logic of its own; what it
//! says is what the library and the command line say.
//!
//! The package itself is `python/leaksieve`, with the types and the documentation of all that is
//! here in `_native.pyi`.

mod argument;
mod array;
mod build;
mod cluster;
mod column;
mod error;
mod filter;
mod hash;
mod json;
mod kind;
mod source;
mod verdict;

/// See the package `leaksieve`.
#[pyo3::pymodule(name = "_native", gil_used = false)]
mod native {
    #[pymodule_export]
    use crate::array::{Array, Batch};
    #[pymodule_export]
    use crate::build::build;
    #[pymodule_export]
    use crate::cluster::{Driver, Task};
    #[pymodule_export]
    use crate::error::{BuildError, FilterError};
    #[pymodule_export]
    use crate::filter::{Filter, inspect};
    #[pymodule_export]
    use crate::hash::hash_column;
    #[pymodule_export]
    use crate::verdict::{Caveat, Leak, Verdict};

    /// Version of the package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "so it is called in Python")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
    /// The first look of a build on a cluster is at so many rows at most.
    #[pymodule_export]
    const LOOK_ROWS: usize = leaksieve::cluster::LOOK_ROWS;
}
