//! Passwords of keys: asked for without echo, or the one line of standard input. Never an
//! argument: other programs see a command line.

use std::io::{self, BufRead, IsTerminal, Read};

use anyhow::bail;
use zeroize::Zeroizing;

/// Longest password; bytes.
const MAX_BYTES: usize = 1024;

/// A password for something new: a person types it twice, and it is not empty.
pub(super) fn choose() -> anyhow::Result<Zeroizing<Vec<u8>>> {
    if !io::stdin().is_terminal() {
        return match line()? {
            password if password.is_empty() => {
                bail!(
                    "no password on standard input: give one line, or --no-password for a key that \
                     anyone who gets the file can use"
                )
            }
            password => Ok(password),
        };
    }
    let password = prompt("Password for the new key (not shown): ")?;
    if password.is_empty() {
        bail!(
            "the password is empty: choose one, or give --no-password for a key that anyone who \
             gets the file can use"
        );
    }
    if prompt("Repeat the password: ")? != password {
        bail!("the two passwords differ: no key was made");
    }
    Ok(password)
}

/// The password of something that has one.
pub(super) fn ask() -> anyhow::Result<Zeroizing<Vec<u8>>> {
    if !io::stdin().is_terminal() {
        return match line()? {
            password if password.is_empty() => {
                bail!(
                    "the key has a password, and standard input is empty: give the password as one line"
                )
            }
            password => Ok(password),
        };
    }
    prompt("Password of the key (not shown): ")
}

fn prompt(text: &str) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    Ok(Zeroizing::new(
        rpassword::prompt_password(text)?.into_bytes(),
    ))
}

/// The first line of standard input, without its end.
fn line() -> anyhow::Result<Zeroizing<Vec<u8>>> {
    // Room for all of it, so that no copy is left behind when it grows.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 2));
    io::stdin()
        .lock()
        .take(MAX_BYTES as u64 + 2)
        .read_until(b'\n', &mut line)?;
    if line.ends_with(b"\n") {
        line.pop();
    }
    if line.ends_with(b"\r") {
        line.pop();
    }
    if line.len() > MAX_BYTES {
        bail!(
            "the password on standard input is longer than {MAX_BYTES} bytes: is this the right file?"
        );
    }
    Ok(line)
}
