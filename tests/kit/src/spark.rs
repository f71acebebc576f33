//! Apache Spark as PyPI has it, in environments of its own, and clusters of it on this machine. The
//! machine gives Java.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::run::output;
use crate::{setup, venv, workspace};

/// A release, with what it takes beside it.
#[derive(Clone, Copy, Debug)]
pub struct Release {
    /// The environment's name.
    name: &'static str,
    packages: &'static [&'static str],
}

/// The newest Spark.
pub const NEWEST: Release = Release {
    name: "spark",
    packages: &["pyspark==4.3.0", "pandas==3.1.1", "pyarrow==26.0.1"],
};
/// The oldest that `leaksieve.spark` is for. It needs distutils, which Python has no more and
/// setuptools does.
pub const OLDEST: Release = Release {
    name: "spark-oldest",
    packages: &[
        "pyspark==3.5.9",
        "pandas==2.3.3",
        "pyarrow==26.0.1",
        "setuptools==80.9.0",
    ],
};

/// Spark, with the wheel of leaksieve beside it. The wheel is not installed: it is sent along, as a
/// cluster is given it that has none.
pub struct Spark {
    python: PathBuf,
    home: PathBuf,
    java_home: PathBuf,
    /// The wheel as an archive, and what is in it.
    archive: PathBuf,
    packages: TempDir,
}

impl Spark {
    /// Get a release if it is not there, and Java.
    ///
    /// # Errors
    /// When something cannot be got; the error says what to do.
    pub fn get(release: Release, wheel: &Path) -> Result<Self> {
        let java = fs::canonicalize(setup::java()?)?;
        let _lock = workspace::lock(release.name)?;
        let python = venv::environment(release.name)?;
        venv::install(&python, release.packages)?;
        let script = "import os, pyspark; print(os.path.dirname(pyspark.__file__))";
        let home = output(Command::new(&python).args(["-c", script]))?;
        let packages = tempfile::tempdir()?;
        // Spark unpacks what is named so.
        let archive = packages.path().join("leaksieve.zip");
        fs::copy(wheel, &archive)?;
        let mut unpack = Command::new(&python);
        unpack.args(["-m", "zipfile", "-e"]).arg(&archive);
        output(unpack.arg(packages.path()))?;
        Ok(Self {
            python,
            home: home.trim().into(),
            java_home: java.ancestors().nth(2).context("Java has no home")?.into(),
            archive,
            packages,
        })
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("JAVA_HOME", &self.java_home)
            .env("SPARK_HOME", &self.home)
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .env("PYSPARK_PYTHON", &self.python)
            .env("PYSPARK_DRIVER_PYTHON", &self.python)
            .env("PYTHONPATH", self.packages.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("SPARK_CONF_DIR");
        command
    }

    /// A script whose session is in this process, as a notebook's is: `local[2]`.
    pub fn local(&self, settings: &[(&str, &str)], script: &Path) -> Command {
        let mut command = self.command(&self.python);
        // Of four attempts at a task one may succeed, as on a cluster.
        let mut arguments = vec!["--master".to_owned(), "local[2,4]".to_owned()];
        for (name, value) in all(settings) {
            arguments.extend(["--conf".to_owned(), format!("{name}={value}")]);
        }
        arguments.push("pyspark-shell".to_owned());
        command
            .env("PYSPARK_SUBMIT_ARGS", arguments.join(" "))
            .arg(script);
        command
    }

    /// A script that is submitted to a cluster whose executors are sent the wheel.
    pub fn submit(&self, cluster: &Cluster, settings: &[(&str, &str)], script: &Path) -> Command {
        let mut command = self.command(&self.home.join("bin/spark-submit"));
        let mut archive = OsString::from(&self.archive);
        archive.push("#packages");
        command.args(["--master", &cluster.url]);
        command.arg("--archives").arg(archive);
        let sent = [("spark.executorEnv.PYTHONPATH", "packages")];
        for (name, value) in all(settings).chain(sent) {
            command.arg("--conf").arg(format!("{name}={value}"));
        }
        command.arg(script);
        command
    }

    /// A master and two workers of a core each, on the loopback.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn cluster(&self) -> Result<Cluster> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!("spark://127.0.0.1:{port}");
        let mut cluster = Cluster {
            url,
            processes: Vec::new(),
            folder,
        };
        let port = port.to_string();
        cluster.start(self, "master.Master", &["--port", &port])?;
        let work = cluster.folder.path().join("work");
        let work = work
            .to_str()
            .context("a path that is not UTF-8")?
            .to_owned();
        let url = cluster.url.clone();
        for _ in 0..2 {
            let arguments = ["--cores", "1", "--memory", "1g", "--work-dir", &work, &url];
            cluster.start(self, "worker.Worker", &arguments)?;
        }
        Ok(cluster)
    }
}

/// What all tests have set, and more.
fn all<'s>(more: &'s [(&str, &str)]) -> impl Iterator<Item = (&'s str, &'s str)> {
    [
        ("spark.driver.bindAddress", "127.0.0.1"),
        ("spark.driver.host", "127.0.0.1"),
        ("spark.driver.memory", "1g"),
        ("spark.executor.memory", "600m"),
        ("spark.ui.enabled", "false"),
        ("spark.ui.showConsoleProgress", "false"),
    ]
    .into_iter()
    .chain(more.iter().copied())
}

/// A cluster of this machine's; it ends when it is dropped.
pub struct Cluster {
    url: String,
    processes: Vec<Child>,
    folder: TempDir,
}

impl Cluster {
    fn start(&mut self, spark: &Spark, class: &str, arguments: &[&str]) -> Result<()> {
        let name = format!("{}.log", self.processes.len());
        let log = fs::File::create(self.folder.path().join(name))?;
        let mut command = spark.command(&spark.home.join("bin/spark-class"));
        command
            .arg(format!("org.apache.spark.deploy.{class}"))
            .args(["--host", "127.0.0.1", "--webui-port", "0"])
            .args(arguments)
            .env("SPARK_DAEMON_MEMORY", "300m")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.processes.push(command.spawn()?);
        Ok(())
    }

    /// # Errors
    /// When one of its processes has ended.
    pub fn ensure_runs(&mut self) -> Result<()> {
        for process in &mut self.processes {
            let ended = process.try_wait()?;
            ensure!(ended.is_none(), "a part of the cluster ended: {ended:?}");
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Workers first: a master that is gone would be looked for.
        for process in self.processes.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
