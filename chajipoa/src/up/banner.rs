//! What `up` tells whoever started it.

use std::path::Path;

/// Prints the addresses, how to get a token, and that everything is ready.
#[expect(clippy::print_stdout, reason = "this is what a person reads who started it")]
pub(super) fn show(base: &str, data: &Path, sandbox: Option<&str>) {
    let urls = data.join("urls.env");
    let sandbox = sandbox.map_or_else(String::new, |url| {
        format!("\n  The sandbox    {url}/ (phones, wallets, USSD, cabinets)")
    });
    println!(
        "
ChajiPoa is ready.

  API            {base}/api/v1
  Documentation  {base}/docs
  Health         {base}/health{sandbox}
  A token        ./bin/chajipoa token --role admin
  A busy city    ./bin/chajipoa simulate --rentals 500 --seed 1
  Analysts' SQL  source {urls}; psql \"$DATABASE_URL_ANALYST\"

README.md has a walk with curl, from a customer's registration to the trial balance. Ctrl-C stops everything.",
        urls = urls.display()
    );
}
