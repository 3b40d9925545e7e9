//! Puts one line in the place of many connections that do the same.

use crate::line::{Line, Rung};

/// From how many connections in a row on only the first is shown.
const MANY: usize = 5;

/// Lines of one connection in succession.
struct Block {
    connection: Option<usize>,
    lines: Vec<Line>,
}

/// Folds lines, each with the number of its connection.
pub(crate) fn fold(lines: Vec<(Option<usize>, Line)>) -> Vec<Line> {
    let mut blocks: Vec<Block> = Vec::new();
    for (connection, line) in lines {
        match blocks.last_mut() {
            Some(last) if connection.is_some() && last.connection == connection => {
                last.lines.push(line);
            }
            _ => blocks.push(Block {
                connection,
                lines: vec![line],
            }),
        }
    }
    let mut folded = Vec::new();
    for run in blocks.chunk_by(Block::is_like) {
        if run.len() < MANY {
            folded.extend(run.iter().flat_map(|block| block.lines.clone()));
        } else {
            folded.extend(run[0].lines.clone());
            folded.push(Line::Alike(run.len() - 1));
        }
    }
    folded
}

impl Block {
    /// Whether the next connection does the same. (Only the next one: so it is known which
    /// connections a fold is about.)
    fn is_like(&self, other: &Self) -> bool {
        let next = self.connection.map(|number| number + 1);
        next.is_some()
            && other.connection == next
            && self.lines.len() == other.lines.len()
            && self
                .lines
                .iter()
                .zip(&other.lines)
                .all(|(one, two)| without_port(one) == without_port(two))
    }
}

/// A packet without the port that is another for each connection.
fn without_port(line: &Line) -> Option<Rung> {
    match line {
        Line::Rung(rung) => Some(Rung {
            left_port: 0,
            ..rung.clone()
        }),
        Line::Later(_) | Line::Alike(_) => None,
    }
}
