//! The SQL of the past, made from the tables of the present.
//!
//! Beside every table whose rows change lies one with the versions that its rows had: the same columns, and `until`,
//! the position of the event that ended the version. The view `<table>_version` shows both as one, so the row as it
//! was known at position n is the one with `position <= n AND (until IS NULL OR until > n)`, and the row by what is
//! known to have happened by some time is the last by position among those that `occurred_at` admits. The view shows
//! a column only where somebody said what it means: in the comments of the table's own view, or in the model's
//! words; who may read that view may read this one.

use crate::{ModelName, table::Table};

/// Ends the name of a table of the past.
const PAST: &str = "_past";

/// What is the same in every view of versions.
const STANDARD: [(&str, &str); 3] = [
    ("position", "The position of the event that made this version."),
    ("occurred_at", "When that event happened."),
    ("until", "The position of the event that ended this version; null for the present one."),
];

/// A table with a past.
struct Twin {
    table: &'static Table,
    past: &'static Table,
}

fn twins(model: ModelName) -> Vec<Twin> {
    let tables = model.tables();
    let of = |name: &str| tables.iter().copied().find(|table| table.name == name);
    let pasts = tables.iter().filter_map(|past| Some((past, past.name.strip_suffix(PAST)?)));
    pasts.filter_map(|(past, name)| Some(Twin { table: of(name)?, past })).collect()
}

/// A model's tables without indexes, with those of the past.
pub(crate) fn tables(model: ModelName) -> String {
    let mut sql = model.sql().tables.to_owned();
    for Twin { table, past } in twins(model) {
        sql.push_str(&format!(
            "\nCREATE TABLE {{schema}}.{} (LIKE {{schema}}.{}, until bigint NOT NULL);\n",
            past.name, table.name
        ));
    }
    sql
}

/// A model's primary keys, with those of the past.
pub(crate) fn keys(model: ModelName) -> String {
    let mut sql = model.sql().keys.to_owned();
    for Twin { past, .. } in twins(model) {
        let key: Vec<&str> = past.columns.iter().take(past.key).copied().collect();
        sql.push_str(&format!(
            "\nALTER TABLE {{schema}}.{name} ADD CONSTRAINT {name}_pk PRIMARY KEY ({key});\n",
            name = past.name,
            key = key.join(", ")
        ));
    }
    sql
}

/// A model's views, with those of versions.
pub(crate) fn views(model: ModelName) -> String {
    let mut sql = model.sql().views.to_owned();
    for twin in twins(model) {
        sql.push_str(&twin.view(model));
    }
    sql
}

impl Twin {
    fn view(&self, model: ModelName) -> String {
        let (name, past) = (self.table.name, self.past.name);
        let shown = self.shown(model);
        let of_table: Vec<&str> =
            shown.iter().map(|(column, _)| *column).filter(|column| *column != "until").collect();
        let columns = of_table.join(", ");
        let mut sql = format!(
            "\nDROP VIEW IF EXISTS read_model.{name}_version;
CREATE VIEW read_model.{name}_version AS
SELECT {columns}, NULL::bigint AS until FROM {{schema}}.{name}
UNION ALL
SELECT {columns}, until FROM {{schema}}.{past};
COMMENT ON VIEW read_model.{name}_version IS 'Every version of every row of {name}: one for each event that changed it.';\n"
        );
        for (column, says) in &shown {
            sql.push_str(&format!("COMMENT ON COLUMN read_model.{name}_version.{column} IS '{says}';\n"));
        }
        sql.push_str(&format!(
            "REVOKE ALL ON read_model.{name}_version FROM PUBLIC, chajipoa_query, chajipoa_analyst;\n\
             GRANT SELECT ON read_model.{name}_version TO {};\n",
            readers(model, name)
        ));
        sql
    }

    /// The columns that the view of versions shows, and what they mean.
    fn shown(&self, model: ModelName) -> Vec<(&'static str, &'static str)> {
        let columns = self.table.columns.iter().chain(&["until"]);
        columns.filter_map(|column| Some((*column, says(model, self.table.name, column)?))).collect()
    }
}

/// What a column means, as it stands in SQL; none where nobody says so.
fn says(model: ModelName, table: &str, column: &str) -> Option<&'static str> {
    let standard = STANDARD.iter().find(|(name, _)| *name == column).map(|(_, says)| *says);
    let own = || {
        let words = model.sql().words.iter();
        words.into_iter().find(|(of, name, _)| *of == table && *name == column).map(|(_, _, says)| *says)
    };
    standard.or_else(own).or_else(|| {
        let comment = format!("COMMENT ON COLUMN read_model.{table}.{column} IS '");
        let (_, rest) = model.sql().views.split_once(comment.as_str())?;
        rest.split_once("';").map(|(says, _)| says)
    })
}

/// Who may read the view of the present, and so the one of versions.
fn readers(model: ModelName, table: &str) -> &'static str {
    let view = format!("read_model.{table}");
    let granted = |statement: &&str| {
        let statement = statement.trim_start();
        statement.starts_with("GRANT")
            && statement
                .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
                .any(|word| word == view)
    };
    let to_analysts =
        model.sql().views.split(';').find(granted).is_some_and(|grant| grant.contains("chajipoa_analyst"));
    if to_analysts { "chajipoa_query, chajipoa_analyst" } else { "chajipoa_query" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_the_past_is_made_from_that_of_the_present() {
        let tables = tables(ModelName::Inventory);
        assert!(
            tables.contains("CREATE TABLE {schema}.slot_past (LIKE {schema}.slot, until bigint NOT NULL);")
        );
        let keys = keys(ModelName::Inventory);
        assert!(
            keys.contains("slot_past ADD CONSTRAINT slot_past_pk PRIMARY KEY (station_id, slot, until);")
        );
        let views = views(ModelName::Inventory);
        assert!(views.contains(
            "CREATE VIEW read_model.slot_version AS
SELECT station_id, slot, faulty, disabled, position, occurred_at, NULL::bigint AS until FROM {schema}.slot
UNION ALL
SELECT station_id, slot, faulty, disabled, position, occurred_at, until FROM {schema}.slot_past;"
        ));
        assert!(
            views.contains("GRANT SELECT ON read_model.slot_version TO chajipoa_query, chajipoa_analyst;")
        );
    }

    #[test]
    fn who_may_not_read_the_present_may_not_read_the_past() {
        assert_eq!(readers(ModelName::Billing, "receipt"), "chajipoa_query");
        assert_eq!(readers(ModelName::Billing, "refund"), "chajipoa_query");
        assert_eq!(readers(ModelName::Billing, "payment"), "chajipoa_query, chajipoa_analyst");
        assert_eq!(readers(ModelName::Billing, "none"), "chajipoa_query");
    }

    #[test]
    fn only_what_the_present_hides_is_hidden_in_the_past() {
        let mut hidden = Vec::new();
        for model in ModelName::ALL {
            for twin in twins(model) {
                let shown = twin.shown(model);
                let columns = twin.table.columns.iter();
                hidden.extend(
                    columns
                        .filter(|column| shown.iter().all(|(name, _)| name != *column))
                        .map(|column| format!("{}.{column}", twin.table.name)),
                );
            }
        }
        assert_eq!(hidden, ["payment.external_id", "payment.provider_reference"]);
    }

    #[test]
    fn the_tables_with_a_past_are_these() {
        let names: Vec<&str> =
            ModelName::ALL.into_iter().flat_map(twins).map(|twin| twin.table.name).collect();
        assert_eq!(
            names,
            [
                "rental",
                "charge",
                "payment",
                "receipt",
                "refund",
                "approval",
                "statement_break",
                "station",
                "slot",
                "device"
            ]
        );
    }
}
