//! A page as blocks, before it is Markdown, HTML or terminal text.

use super::chart::Chart;
use super::graph_text::GraphDrawing;
use super::timeline::Timeline;

/// A page.
#[derive(Debug, Default)]
pub struct Document {
    /// In reading order.
    pub blocks: Vec<Block>,
}

/// One block of a page. Text may hold `code` in backquotes.
#[derive(Debug)]
pub enum Block {
    /// A heading; 1 is the title.
    Heading(u8, String),
    /// A paragraph.
    Text(String),
    /// A bullet list.
    Bullets(Vec<String>),
    /// A table.
    Table(Table),
    /// Preformatted text in a language.
    Code(&'static str, String),
    /// Nodes and edges.
    Graph(GraphDrawing),
    /// Bars over days.
    Timeline(Timeline),
    /// Figures over time.
    Chart(Chart),
    /// A table whose cells have more to say.
    Matrix(Table, Vec<Vec<String>>),
    /// What only a page with scripts can show: the name of the view, and its data as JSON.
    View(&'static str, String),
}

/// A table; every row has as many cells as there are columns.
#[derive(Debug, Default)]
pub struct Table {
    /// Column heads.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
}

impl Document {
    /// Adds a heading.
    pub fn heading(&mut self, level: u8, text: impl Into<String>) {
        self.blocks.push(Block::Heading(level, text.into()));
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }

    /// Adds a bullet list, if it has an item.
    pub fn bullets(&mut self, items: impl IntoIterator<Item = String>) {
        let items: Vec<String> = items.into_iter().collect();
        if !items.is_empty() {
            self.blocks.push(Block::Bullets(items));
        }
    }

    /// Adds a table, if it has a row.
    pub fn table(&mut self, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        let rows: Vec<Vec<String>> = rows.into_iter().collect();
        if !rows.is_empty() {
            let columns = columns.iter().map(ToString::to_string).collect();
            self.blocks.push(Block::Table(Table { columns, rows }));
        }
    }

    /// Adds preformatted text.
    pub fn code(&mut self, language: &'static str, text: impl Into<String>) {
        self.blocks.push(Block::Code(language, text.into()));
    }

    /// Adds a drawing, if it has a node.
    pub fn graph(&mut self, drawing: GraphDrawing) {
        if !drawing.nodes.is_empty() {
            self.blocks.push(Block::Graph(drawing));
        }
    }

    /// Adds bars over days, if there are any.
    pub fn timeline(&mut self, timeline: Timeline) {
        if !timeline.sections.is_empty() {
            self.blocks.push(Block::Timeline(timeline));
        }
    }

    /// Adds figures over time, if there are several points.
    pub fn chart(&mut self, chart: Chart) {
        if chart.labels.len() > 1 {
            self.blocks.push(Block::Chart(chart));
        }
    }

    /// Adds a table if it has a row; each cell comes with what more there is to say, which may be nothing.
    pub fn matrix(&mut self, columns: &[&str], rows: impl IntoIterator<Item = Vec<(String, String)>>) {
        let (mut shown, mut notes) = (Vec::new(), Vec::new());
        for row in rows {
            let (cells, more): (Vec<String>, Vec<String>) = row.into_iter().unzip();
            shown.push(cells);
            notes.push(more);
        }
        if !shown.is_empty() {
            let columns = columns.iter().map(ToString::to_string).collect();
            self.blocks.push(Block::Matrix(Table { columns, rows: shown }, notes));
        }
    }

    /// Adds a view of a page with scripts.
    pub fn view(&mut self, name: &'static str, json: String) {
        self.blocks.push(Block::View(name, json));
    }
}
