//! The pictures: SVG with a background of its own, readable on a light and on a dark page.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use testkit::run::say;
use testkit::workspace;

const BACKGROUND: &str = "#ffffff";
const INK: &str = "#1f2328";
const GRID: &str = "#e4e7eb";
const OURS: &str = "#0072b2";
const OTHERS: &str = "#b6bec7";

const WIDTH: f64 = 860.0;

/// One bar.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    /// What stands at its end.
    pub(crate) text: String,
    pub(crate) is_ours: bool,
}

/// A drawing that grows.
struct Drawing(String);

impl Drawing {
    fn text(&mut self, x: f64, y: f64, anchor: &str, style: &str, text: &str) {
        // Writing to a String does not fail.
        let _ = writeln!(
            self.0,
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" {style}>{}</text>"#,
            escaped(text)
        );
    }

    fn element(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.0, "{element}");
    }

    fn save(self, path: &Path, height: f64, title: &str) -> Result<()> {
        let svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="{INK}">
<title>{title}</title>
<rect width="{WIDTH}" height="{height}" rx="8" fill="{BACKGROUND}" stroke="{GRID}"/>
{}</svg>
"#,
            self.0,
            title = escaped(title),
        );
        fs::write(path, svg).with_context(|| format!("cannot write {}", path.display()))?;
        say(format!("written: {}", workspace::shown(path)));
        Ok(())
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What the longest bar stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// The largest value of its group.
    Group,
    /// The largest value of all groups.
    All,
}

/// Groups of horizontal bars, one below the other, from 0.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn bars(
    path: &Path,
    title: &str,
    scale: Scale,
    groups: &[(&str, &[Bar])],
) -> Result<()> {
    const LEFT: f64 = 270.0;
    const ROOM_FOR_TEXT: f64 = 175.0;
    const BAR: f64 = 24.0;
    let mut drawing = Drawing(String::new());
    drawing.text(
        24.0,
        34.0,
        "start",
        r#"font-size="17" font-weight="600""#,
        title,
    );
    let mut y = 52.0;
    let largest_of = |bars: &[Bar]| bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let largest_of_all = groups.iter().map(|(_, bars)| largest_of(bars));
    let largest_of_all = largest_of_all.fold(0.0, f64::max);
    for (heading, bars) in groups {
        y += 22.0;
        drawing.text(24.0, y, "start", r#"font-weight="600""#, heading);
        y += 10.0;
        let largest = match scale {
            Scale::Group => largest_of(bars),
            Scale::All => largest_of_all,
        };
        for bar in *bars {
            let length =
                (WIDTH - LEFT - ROOM_FOR_TEXT) * bar.value / largest.max(f64::MIN_POSITIVE);
            let (colour, weight) = match (bar.is_ours, bar.label.starts_with("floor")) {
                (true, _) => (OURS, r#"font-weight="600""#),
                (false, true) => (GRID, ""),
                (false, false) => (OTHERS, ""),
            };
            let middle = y + BAR / 2.0 + 4.5;
            drawing.text(LEFT - 10.0, middle, "end", weight, &bar.label);
            drawing.element(format_args!(
                r#"<rect x="{LEFT}" y="{:.1}" width="{:.1}" height="{:.1}" rx="2" fill="{colour}"/>"#,
                y + 3.0,
                length.max(1.0),
                BAR - 6.0
            ));
            drawing.text(LEFT + length + 8.0, middle, "start", weight, &bar.text);
            y += BAR;
        }
        y += 8.0;
    }
    drawing.save(path, y + 14.0, title)
}
