//! Figures over time as a drawing that needs no script.

use std::fmt::Write;

use super::escape;
use crate::render::chart::Chart;

/// Size of the plot, in the drawing's own units.
const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 220.0;
/// Room for the labels of the axes, to the left and below.
const LEFT: f64 = 70.0;
const BELOW: f64 = 24.0;
/// Room for the last label, which stands centred below the last point.
const RIGHT: f64 = 45.0;

/// How many labels stand below the plot at most.
const LABELS: usize = 8;

/// How lines look: told apart without colour too.
const LINES: [(&str, &str); 6] = [
    ("#2563eb", "none"),
    ("#d97706", "7 3"),
    ("#3a9a5b", "2 3"),
    ("#b4409c", "9 3 2 3"),
    ("#0e8a8a", "12 4"),
    ("#888888", "4 4"),
];

pub(super) fn render_chart(out: &mut String, chart: &Chart) {
    let highest = whole_quarters(chart.highest());
    let last = chart.labels.len().saturating_sub(1).max(1) as f64;
    let x = |at: usize| LEFT + at as f64 / last * WIDTH;
    let y = |figure: f64| 8.0 + (1.0 - figure / highest) * HEIGHT;
    let _ = writeln!(
        out,
        "<figure class=\"chart\"><figcaption>{}, a step for each commit that was looked at</figcaption><svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
        escape(&chart.title),
        LEFT + WIDTH + RIGHT,
        HEIGHT + BELOW + 8.0,
        escape(&chart.title)
    );
    for part in 0..=4 {
        let figure = highest * f64::from(part) / 4.0;
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{LEFT} {0:.1}h{WIDTH}\"/><text x=\"{1}\" y=\"{0:.1}\" dy=\".35em\" text-anchor=\"end\">{2}</text>",
            y(figure),
            LEFT - 8.0,
            figure
        );
    }
    let step = chart.labels.len().div_ceil(LABELS).max(1);
    for (at, label) in chart.labels.iter().enumerate().step_by(step) {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(at),
            HEIGHT + BELOW,
            escape(label)
        );
    }
    for ((name, figures), (color, dashes)) in chart.series.iter().zip(LINES.iter().cycle()) {
        let mut path = String::new();
        let mut is_drawing = false;
        for (at, figure) in figures.iter().enumerate() {
            if let Some(figure) = figure {
                // Figures hold until the next commit that was looked at: steps, not slopes.
                let _ = match is_drawing {
                    true => write!(path, "H{:.1}V{:.1}", x(at), y(*figure)),
                    false => write!(path, "M{:.1} {:.1}", x(at), y(*figure)),
                };
            }
            is_drawing = figure.is_some();
        }
        // Where a line ends; what is there in one commit alone has nothing else.
        let ends = figures
            .iter()
            .enumerate()
            .filter(|(at, figure)| figure.is_some() && figures.get(at + 1).is_none_or(Option::is_none));
        for (at, figure) in ends {
            let (x, y) = (x(at), y(figure.unwrap_or(0.0)));
            let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{color}\"/>");
        }
        let _ = writeln!(
            out,
            "<path class=\"line\" d=\"{path}\" stroke=\"{color}\" stroke-dasharray=\"{dashes}\"><title>{}</title></path>",
            escape(name)
        );
    }
    out.push_str("</svg><ul class=\"legend\">");
    for ((name, figures), (color, dashes)) in chart.series.iter().zip(LINES.iter().cycle()) {
        let shown = |figure: Option<&Option<f64>>| match figure.copied().flatten() {
            Some(figure) => figure.to_string(),
            None => "none".to_owned(),
        };
        let _ = write!(
            out,
            "<li><svg viewBox=\"0 0 40 8\" width=\"40\" height=\"8\"><path class=\"line\" d=\"M0 4h40\" stroke=\"{color}\" \
             stroke-dasharray=\"{dashes}\"/></svg> {}: {} → {}</li>",
            escape(name),
            shown(figures.first()),
            shown(figures.last())
        );
    }
    out.push_str("</ul></figure>\n");
}

/// The next figure whose quarters are whole, and that is no odd number of them.
fn whole_quarters(highest: f64) -> f64 {
    let unit = [1.0, 2.0, 5.0].into_iter().cycle().zip((0..).flat_map(|power| [power; 3]));
    let quarters = unit.map(|(unit, power)| unit * 10_f64.powi(power) * 4.0);
    let mut fitting = quarters.skip_while(|whole| *whole < highest);
    fitting.next().unwrap_or(highest)
}
