//! Bars over days → a Mermaid chart.

use std::fmt::Write;

/// What takes place when.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// Groups of bars, with their titles.
    pub sections: Vec<(String, Vec<Bar>)>,
    /// The day behind the last one.
    pub days: f64,
}

/// One thing that takes time.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Its short name.
    pub name: String,
    /// More about it.
    pub note: String,
    /// First day, counted from 0.
    pub start: f64,
    /// The day behind the last one.
    pub end: f64,
    /// How it stands.
    pub state: BarState,
}

/// How a bar stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarState {
    /// Nothing is left to do.
    Done,
    /// The whole takes longer when it does.
    Critical,
    /// To be done.
    Open,
}

/// A Mermaid chart, without the fence. Seconds stand for days, since the chart has no working days.
#[must_use]
pub fn render_gantt(timeline: &Timeline) -> String {
    let mut text = String::from("gantt\n  dateFormat X\n  axisFormat day %s\n  title Days of work\n");
    for (title, bars) in &timeline.sections {
        let _ = writeln!(text, "  section {title}");
        for bar in bars {
            let mark = match bar.state {
                BarState::Done => "done, ",
                BarState::Critical => "crit, ",
                BarState::Open => "",
            };
            // A colon ends a name.
            let name = bar.name.replace([':', ';', '#'], " ");
            let _ = writeln!(text, "    {name} :{mark}{}, {}", bar.start, bar.end);
        }
    }
    text
}
