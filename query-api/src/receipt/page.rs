//! A receipt as a page to read and to print. It loads nothing, runs nothing and links nowhere.

use edge::Problem;

use super::{
    format::Receipt,
    picture::{code_path, escaped},
    words::{Lang, Said, amounts, code, facts, proof, title},
};

const STYLE: &str = "body{font:1rem/1.45 system-ui,sans-serif;max-width:36rem;margin:1.5rem auto;padding:0 1rem;color:#111}\
    h1{font-size:1.35rem}table{width:100%;border-collapse:collapse;margin:0 0 1rem;border-top:1px solid #999}\
    th{font-weight:400;text-align:left;padding:.15rem 1rem .15rem 0}td{text-align:right;white-space:nowrap;\
    vertical-align:top}.sums tr:first-child{font-weight:700}.sums tr:first-child th{font-weight:700}\
    .proof{display:flex;gap:1rem;align-items:flex-start;font-size:.8rem}.proof svg{flex:none;width:11rem;height:11rem}\
    @page{size:A5;margin:1cm}@media print{body{margin:0;max-width:none;font-size:10pt}}";

/// The receipt as HTML.
pub(crate) fn page(receipt: &Receipt, lang: Lang) -> Result<String, Problem> {
    let (path, modules) = code_path(receipt)?;
    let (steps, sums) = amounts(&receipt.bill, lang);
    Ok(format!(
        "<!DOCTYPE html><html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title} – ChajiPoa</title><style>{STYLE}</style></head><body>\
         <h1>{title}</h1>{facts}{steps}{sums}<div class=\"proof\">\
         <svg viewBox=\"0 0 {modules} {modules}\" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"QR\">\
         <path d=\"{path}\"/></svg><div><p>{proof}</p><p>{code}</p></div></div></body></html>\n",
        tag = lang.tag(),
        title = escaped(title(lang)),
        facts = table("facts", &facts(&receipt.bill, lang)),
        steps = table("steps", &steps),
        sums = table("sums", &sums),
        proof = escaped(&proof(receipt, lang)),
        code = escaped(code(lang)),
    ))
}

fn table(class: &str, rows: &[Said]) -> String {
    let row = |said: &Said| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escaped(&said.name), escaped(&said.value))
    };
    format!("<table class=\"{class}\">{}</table>", rows.iter().map(row).collect::<String>())
}
