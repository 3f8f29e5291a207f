//! A receipt as a picture: SVG without anything that loads, runs or links; and its QR code.

use std::fmt::Write as _;

use edge::Problem;
use ledger::leaf;
use qrcode::{Color, EcLevel, QrCode};

use super::{
    format::Receipt,
    words::{Lang, Said, amounts, code, facts, proof, title},
};

/// The width of the picture, in its own units; A5 in portrait.
const WIDTH: usize = 560;
const MARGIN: usize = 28;
const LINE: usize = 20;
/// The side of the code.
const CODE: usize = 168;
/// So many letters of small print fit a line beside the code.
const BESIDE_CODE: usize = 54;
/// So many letters of a name fit before its value.
const NAME: usize = 62;

/// Text as it may stand in a page or a picture.
pub(super) fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut page, letter| {
        match letter {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            '\'' => page.push_str("&#39;"),
            other => page.push(other),
        }
        page
    })
}

/// What the code holds: the form, the event that made the bill and its leaf hash, and the checkpoint's three lines. Who
/// has the ledger, or any checkpoint of it, can hold them against each other.
fn coded(receipt: &Receipt) -> Option<String> {
    let of_bill = receipt.events.iter().find(|event| event.position == receipt.bill.position)?;
    let hash: String = leaf::hash(&of_bill.envelope()?).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let checkpoint = receipt.checkpoint.lines().take(3).collect::<Vec<_>>().join("\n");
    Some(format!("{}\n{} {hash}\n{checkpoint}\n", receipt.format, receipt.bill.position))
}

/// The code as one path over a square of so many modules, quiet zone included.
pub(super) fn code_path(receipt: &Receipt) -> Result<(String, usize), Problem> {
    let broken = |why: &str| {
        tracing::error!(why, "the code of a receipt could not be drawn");
        Problem::internal()
    };
    let text = coded(receipt).ok_or_else(|| broken("an event cannot be one"))?;
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|_| broken("too long"))?;
    const QUIET: usize = 4;
    let width = code.width();
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (index % width, index / width);
            let _ = write!(path, "M{} {}h1v1h-1z", x.saturating_add(QUIET), y.saturating_add(QUIET));
        }
    }
    Ok((path, width.saturating_add(QUIET * 2)))
}

/// The receipt as SVG.
pub(crate) fn picture(receipt: &Receipt, lang: Lang) -> Result<String, Problem> {
    let (path, modules) = code_path(receipt)?;
    let mut paper = Paper { body: String::new(), y: MARGIN };
    paper.big(title(lang));
    let (steps, sums) = amounts(&receipt.bill, lang);
    for block in [facts(&receipt.bill, lang), steps, sums] {
        paper.rule();
        block.iter().for_each(|said| paper.pair(said));
    }
    paper.rule();
    let top = paper.y;
    for line in wrapped(&format!("{} {}", proof(receipt, lang), code(lang)), BESIDE_CODE) {
        paper.small(&line);
    }
    let bottom = paper.y.max(top.saturating_add(CODE)).saturating_add(MARGIN);
    let left = WIDTH.saturating_sub(MARGIN).saturating_sub(CODE);
    let Paper { body, .. } = paper;
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:lang=\"{lang}\" width=\"{WIDTH}\" height=\"{bottom}\" \
         viewBox=\"0 0 {WIDTH} {bottom}\" font-family=\"system-ui,sans-serif\" font-size=\"13\">\
         <title>{title}</title><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>{body}\
         <svg x=\"{left}\" y=\"{top}\" width=\"{CODE}\" height=\"{CODE}\" viewBox=\"0 0 {modules} {modules}\" \
         shape-rendering=\"crispEdges\"><path d=\"{path}\"/></svg></svg>\n",
        lang = lang.tag(),
        title = escaped(title(lang)),
    ))
}

/// A sheet that is filled from the top.
struct Paper {
    body: String,
    y: usize,
}

impl Paper {
    fn text(&mut self, x: usize, attributes: &str, text: &str) {
        let (y, text) = (self.y, escaped(text));
        let _ = write!(self.body, "<text x=\"{x}\" y=\"{y}\" {attributes}>{text}</text>");
    }

    fn big(&mut self, text: &str) {
        self.y = self.y.saturating_add(LINE);
        self.text(MARGIN, "font-size=\"20\" font-weight=\"600\"", text);
        self.y = self.y.saturating_add(LINE / 2);
    }

    fn pair(&mut self, said: &Said) {
        for (index, line) in wrapped(&said.name, NAME).iter().enumerate() {
            self.y = self.y.saturating_add(LINE);
            self.text(MARGIN, "fill=\"#333\"", line);
            if index == 0 {
                self.text(WIDTH.saturating_sub(MARGIN), "text-anchor=\"end\"", &said.value);
            }
        }
    }

    fn small(&mut self, text: &str) {
        self.y = self.y.saturating_add(LINE);
        self.text(MARGIN, "font-size=\"11\" fill=\"#333\"", text);
    }

    fn rule(&mut self) {
        self.y = self.y.saturating_add(LINE / 2);
        let (y, right) = (self.y, WIDTH.saturating_sub(MARGIN));
        let _ = write!(self.body, "<path d=\"M{MARGIN} {y}H{right}\" stroke=\"#999\"/>");
    }
}

/// Text in lines of at most so many letters, cut between words.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count().saturating_add(word.chars().count()) < most => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}
