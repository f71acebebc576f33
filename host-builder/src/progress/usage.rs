//! What this process has taken of the machine.

/// CPU time and memory, as far as the system tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// CPU time of all threads, user and system; seconds.
    pub cpu_seconds: Option<f64>,
    /// Most memory at any moment (resident set); bytes.
    pub peak_memory_bytes: Option<u64>,
}

impl Usage {
    /// Until now.
    #[cfg(unix)]
    pub fn now() -> Self {
        use nix::sys::resource::{UsageWho, getrusage};
        use nix::sys::time::TimeValLike;

        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
            return Self::default();
        };
        let cpu = usage.user_time() + usage.system_time();
        // Linux counts in KiB (getrusage(2)), macOS in bytes.
        let unit = if cfg!(target_vendor = "apple") {
            1
        } else {
            1024
        };
        Self {
            cpu_seconds: Some(cpu.num_microseconds() as f64 / 1e6),
            peak_memory_bytes: u64::try_from(usage.max_rss()).ok().map(|peak| peak * unit),
        }
    }

    /// Until now: other systems are not asked.
    #[cfg(not(unix))]
    pub fn now() -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn grows() {
        let before = Usage::now().cpu_seconds;
        let memory = vec![1u8; 64 << 20];
        while Usage::now().cpu_seconds <= before {
            assert_eq!(
                std::hint::black_box(&memory)
                    .iter()
                    .position(|byte| *byte == 2),
                None
            );
        }
        assert!(Usage::now().peak_memory_bytes >= Some(64 << 20));
    }
}
