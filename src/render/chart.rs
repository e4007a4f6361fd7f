//! Figures over time → a Mermaid chart, or a line of a terminal.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines over one row of labels.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    /// What is shown.
    pub title: String,
    /// What each point is: a day.
    pub labels: Vec<String>,
    /// Named figures, as many as there are labels; none where there is nothing to count.
    pub series: Vec<(String, Vec<Option<f64>>)>,
}

impl Chart {
    /// The highest figure.
    #[must_use]
    pub fn highest(&self) -> f64 {
        self.series.iter().flat_map(|(_, figures)| figures).flatten().copied().fold(0.0, f64::max)
    }
}

/// A Mermaid chart, without the fence. Its lines have no legend: they come in the order of the series, which the title names.
#[must_use]
pub fn render_xychart(chart: &Chart) -> String {
    let names: Vec<&str> = chart.series.iter().map(|(name, _)| name.as_str()).collect();
    let plain = |text: &str| text.replace(['"', '\n'], " ");
    let title = format!("{} ({})", chart.title, names.join(", "));
    let mut text = format!("xychart-beta\n    title \"{}\"\n", plain(&title));
    // Points with one label would be drawn as one.
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let labels = chart.labels.iter().map(|label| {
        let number = seen.entry(label).and_modify(|number| *number += 1).or_insert(1);
        let label = plain(label);
        if *number == 1 { format!("\"{label}\"") } else { format!("\"{label} ({number})\"") }
    });
    let labels: Vec<String> = labels.collect();
    let _ = writeln!(text, "    x-axis [{}]", labels.join(", "));
    let _ = writeln!(text, "    y-axis 0 --> {}", chart.highest().max(1.0));
    for (_, figures) in &chart.series {
        let figures: Vec<String> = figures.iter().map(|figure| figure.unwrap_or(0.0).to_string()).collect();
        let _ = writeln!(text, "    line [{}]", figures.join(", "));
    }
    text
}

/// Heights of a bar, from nothing to the highest.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One line a series: its first and last figure around bars, no more than `width` of them.
#[must_use]
pub fn render_sparklines(chart: &Chart, width: usize) -> String {
    let mut text = format!("{}\n", chart.title);
    let longest = chart.series.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, figures) in &chart.series {
        let highest = figures.iter().flatten().copied().fold(1.0, f64::max);
        let bars = width.clamp(1, figures.len().max(1));
        let bars: String = (0..bars)
            .map(|bar| {
                // The last figure of what one bar stands for.
                let at = (bar + 1) * figures.len() / bars;
                match at.checked_sub(1).and_then(|at| figures.get(at).copied().flatten()) {
                    Some(figure) => HEIGHTS[((figure / highest) * 7.0).round() as usize],
                    None => ' ',
                }
            })
            .collect();
        let shown = |figure: Option<&Option<f64>>| match figure.copied().flatten() {
            Some(figure) => figure.to_string(),
            None => "–".to_owned(),
        };
        let (first, last) = (shown(figures.first()), shown(figures.last()));
        let _ = writeln!(text, "{name:<longest$}  {first:>6} {bars} {last}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_bars_goes_from_the_first_figure_to_the_last() {
        let chart = Chart {
            title: "copies".to_owned(),
            labels: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            series: vec![("all".to_owned(), vec![None, Some(7.0), Some(3.0), Some(0.0)])],
        };
        assert_eq!(render_sparklines(&chart, 60), "copies\nall       – \u{20}█▄▁ 0\n");
        let again = Chart { labels: ["a", "a", "b", "a"].map(str::to_owned).to_vec(), ..chart };
        assert!(render_xychart(&again).ends_with(
            "    x-axis [\"a\", \"a (2)\", \"b\", \"a (3)\"]\n    y-axis 0 --> 7\n    line [0, 7, 3, 0]\n"
        ));
    }
}
