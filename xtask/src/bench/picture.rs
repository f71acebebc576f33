//! The pictures: SVG with a background of its own, readable on a light and on a dark page.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const BACKGROUND: &str = "#ffffff";
const INK: &str = "#1f2328";
const FAINT: &str = "#8c959f";
const GRID: &str = "#e4e7eb";
/// Ours first; told apart by people who do not see red and green too (Okabe, Ito, 2008).
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#009e73"];
const OTHERS: &str = "#b6bec7";

const WIDTH: f64 = 860.0;

/// One bar.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: f64,
    /// What stands at its end.
    pub(super) text: String,
    pub(super) is_ours: bool,
}

/// One curve.
#[derive(Debug)]
pub(super) struct Line {
    label: String,
    points: Vec<(f64, f64)>,
    is_reference: bool,
}

impl Line {
    pub(super) fn new(label: &str, points: &[(f64, f64)]) -> Self {
        Self {
            label: label.into(),
            points: points.to_vec(),
            is_reference: false,
        }
    }

    /// A dashed one, to compare with.
    pub(super) fn reference(label: &str, points: &[(f64, f64)]) -> Self {
        Self {
            is_reference: true,
            ..Self::new(label, points)
        }
    }
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
        testkit::run::say(format!("written: {}", testkit::workspace::shown(path)));
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
pub(super) enum Scale {
    /// The largest value of its group.
    Group,
    /// The largest value of all groups.
    All,
}

/// Groups of horizontal bars, one below the other, from 0.
///
/// # Errors
/// When it cannot be written.
pub(super) fn bars(
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
                (true, _) => (COLOURS[0], r#"font-weight="600""#),
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

/// Panels side by side, both axes logarithmic.
///
/// # Errors
/// When it cannot be written.
pub(super) fn curves(path: &Path, title: &str, panels: &[(&str, &[Line])]) -> Result<()> {
    const TOP: f64 = 78.0;
    const HEIGHT: f64 = 300.0;
    const LEFT: f64 = 60.0;
    let mut drawing = Drawing(String::new());
    drawing.text(
        24.0,
        34.0,
        "start",
        r#"font-size="17" font-weight="600""#,
        title,
    );
    let panel_width = WIDTH / panels.len() as f64;
    for (index, (heading, lines)) in panels.iter().enumerate() {
        let left = panel_width * index as f64 + LEFT;
        let width = panel_width - LEFT - 20.0;
        drawing.text(left, 62.0, "start", r#"font-weight="600""#, heading);
        let x_axis = Axis::of(lines, |point| point.0, left, left + width);
        let y_axis = Axis::of(lines, |point| point.1, TOP + HEIGHT, TOP);
        for decade in x_axis.decades() {
            let x = x_axis.place(10f64.powi(decade));
            drawing.element(format_args!(
                r#"<path d="M{x:.1} {TOP}V{:.1}" stroke="{GRID}"/>"#,
                TOP + HEIGHT
            ));
            drawing.text(x, TOP + HEIGHT + 18.0, "middle", "", &power_of_ten(decade));
        }
        for decade in y_axis.decades() {
            let y = y_axis.place(10f64.powi(decade));
            drawing.element(format_args!(
                r#"<path d="M{left:.1} {y:.1}H{:.1}" stroke="{GRID}"/>"#,
                left + width
            ));
            drawing.text(left - 8.0, y + 4.5, "end", "", &power_of_ten(decade));
        }
        let mut colours = COLOURS.iter();
        for (row, line) in lines.iter().enumerate() {
            let (colour, dashes) = if line.is_reference {
                (FAINT, r#" stroke-dasharray="5 4""#)
            } else {
                (*colours.next().unwrap_or(&OTHERS), "")
            };
            let mut path = String::new();
            for (index, (x, y)) in line.points.iter().enumerate() {
                let (x, y) = (x_axis.place(*x), y_axis.place(*y));
                let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
                if !line.is_reference {
                    drawing.element(format_args!(
                        r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" fill="{colour}"/>"#
                    ));
                }
            }
            drawing.element(format_args!(
                r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>"#
            ));
            let y = TOP + HEIGHT + 46.0 + 19.0 * row as f64;
            drawing.element(format_args!(
                r#"<path d="M{:.1} {:.1}h24" stroke="{colour}" stroke-width="2"{dashes}/>"#,
                left,
                y - 4.5
            ));
            drawing.text(left + 32.0, y, "start", "", &line.label);
        }
    }
    let rows = panels
        .iter()
        .map(|(_, lines)| lines.len())
        .max()
        .unwrap_or(0);
    drawing.save(path, TOP + HEIGHT + 46.0 + 19.0 * rows as f64, title)
}

/// A logarithmic axis of whole decades.
struct Axis {
    decades: [i32; 2],
    from: f64,
    to: f64,
}

impl Axis {
    fn of(lines: &[Line], value: impl Fn(&(f64, f64)) -> f64, from: f64, to: f64) -> Self {
        let logarithms: Vec<f64> = lines
            .iter()
            .flat_map(|line| &line.points)
            .map(|point| value(point).log10())
            .collect();
        let lowest = logarithms.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let decades = if lowest <= highest {
            // Exact powers of ten may come out a little off.
            let low = (lowest + 1e-9).floor() as i32;
            [low, ((highest - 1e-9).ceil() as i32).max(low + 1)]
        } else {
            [0, 1]
        };
        Self { decades, from, to }
    }

    fn decades(&self) -> std::ops::RangeInclusive<i32> {
        self.decades[0]..=self.decades[1]
    }

    fn place(&self, value: f64) -> f64 {
        let [low, high] = self.decades.map(f64::from);
        self.from + (self.to - self.from) * (value.log10() - low) / (high - low)
    }
}

/// `0.01`, `1`, `1,000`, `10⁶`
fn power_of_ten(decade: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    match decade {
        ..0 => format!("{:.*}", decade.unsigned_abs() as usize, 10f64.powi(decade)),
        0..=4 => super::report::thousands(10u64.pow(decade.unsigned_abs())),
        _ => {
            let digits = decade.to_string();
            let digits = digits
                .bytes()
                .map(|digit| DIGITS[usize::from(digit - b'0')]);
            format!("10{}", digits.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decades_are_named() {
        let names = [-2, 0, 3, 6, 10].map(power_of_ten);
        assert_eq!(names, ["0.01", "1", "1,000", "10⁶", "10¹⁰"]);
    }

    #[test]
    fn values_have_their_place() {
        let line = Line::new("", &[(1e5, 0.02), (1e7, 3.0)]);
        let axis = Axis::of(&[line], |point| point.0, 100.0, 300.0);
        assert_eq!(axis.decades(), 5..=7);
        assert!((axis.place(1e6) - 200.0).abs() < 1e-6);
    }
}
