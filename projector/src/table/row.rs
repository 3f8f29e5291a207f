//! What a row is: a struct whose fields are the columns of a table, its key first.

use std::hash::Hash;

use super::field::Sink;

/// What the statements need to know of a table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its name within the schema of its version.
    pub(crate) name: &'static str,
    /// Names of its columns, the key's first.
    pub(crate) columns: &'static [&'static str],
    /// Their types in SQL.
    pub(crate) types: &'static [&'static str],
    /// Their types' numbers.
    pub(crate) oids: &'static [u32],
    /// How many columns make the key.
    pub(crate) key: usize,
    /// Whether rows are written once and never changed.
    pub(crate) insert_only: bool,
}

/// A row of a read model.
pub(crate) trait Row: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// What tells its rows apart.
    type Key: Copy + Eq + Ord + Hash + std::fmt::Debug + Send + Sync;
    /// Its table.
    const TABLE: &'static Table;
    /// How many fields make the key.
    const KEYS: i16;
    /// How many other fields there are.
    const COLUMNS: i16;

    /// Its key.
    fn key(&self) -> Self::Key;
    /// Writes the fields of a key into the row that was begun.
    fn put_key<S: Sink>(key: &Self::Key, sink: &mut S);
    /// Writes all other fields into the row that was begun.
    fn put_columns<S: Sink>(&self, sink: &mut S);
    /// Reads all columns.
    fn read(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error>;

    /// Writes a key.
    fn write_key<S: Sink>(key: &Self::Key, sink: &mut S) {
        sink.row(Self::KEYS);
        Self::put_key(key, sink);
    }

    /// Writes the whole row.
    fn write<S: Sink>(&self, sink: &mut S) {
        sink.row(Self::KEYS.saturating_add(Self::COLUMNS));
        Self::put_key(&self.key(), sink);
        self.put_columns(sink);
    }
}

/// A row that changes. Its table has one column more than the row has fields: when the event happened that made it
/// what it is.
pub(crate) trait Changing: Row {
    /// Where its former versions are kept: the same columns, and after the key the position that ended each.
    /// None where another table keeps them.
    const PAST: Option<&'static Table>;

    /// The position of the event that made this version.
    fn position(&self) -> i64;
    /// Says which event made this version.
    fn set_position(&mut self, position: i64);
}

macro_rules! count {
    () => { 0 };
    ($head:ident $($tail:ident)*) => { 1 + $crate::table::count!($($tail)*) };
}
pub(crate) use count;

/// Declares a row: its struct, its table, how it is written and read. Rows change and keep their
/// former versions, unless they are `insert_only`, or `no_past` because they never change again or another table has
/// every step.
macro_rules! row {
    (
        $(#[$doc:meta])*
        $name:ident in $table:literal (insert_only)
        key { $($key:ident: $key_type:ty,)+ }
        columns { $($column:ident: $type:ty,)* }
    ) => {
        $crate::table::row!(@row
            [$(#[$doc])*] $name, $table, true,
            [$($key: $key_type,)+] [$($column: $type,)*] []
        );
    };
    (
        $(#[$doc:meta])*
        $name:ident in $table:literal (no_past)
        key { $($key:ident: $key_type:ty,)+ }
        columns { $($column:ident: $type:ty,)* }
    ) => {
        $crate::table::row!(@row
            [$(#[$doc])*] $name, $table, false,
            [$($key: $key_type,)+] [$($column: $type,)*] [occurred_at: domain::Time,]
        );
        $crate::table::row!(@changing $name, None);
    };
    (
        $(#[$doc:meta])*
        $name:ident in $table:literal
        key { $($key:ident: $key_type:ty,)+ }
        columns { $($column:ident: $type:ty,)* }
    ) => {
        $crate::table::row!(@row
            [$(#[$doc])*] $name, $table, false,
            [$($key: $key_type,)+] [$($column: $type,)*] [occurred_at: domain::Time,]
        );
        $crate::table::row!(@changing $name, Some($crate::table::row!(@table
            concat!($table, "_past"), true, 1 + $crate::table::count!($($key)+),
            [$($key: $key_type,)+ until: i64, $($column: $type,)* occurred_at: domain::Time,]
        )));
    };
    (@row
        [$(#[$doc:meta])*] $name:ident, $table:expr, $insert_only:literal,
        [$($key:ident: $key_type:ty,)+] [$($column:ident: $type:ty,)*] [$($extra:ident: $extra_type:ty,)*]
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct $name {
            $(pub(crate) $key: $key_type,)+
            $(pub(crate) $column: $type,)*
        }

        impl $crate::table::Row for $name {
            type Key = ($($key_type,)+);
            const TABLE: &'static $crate::table::Table = $crate::table::row!(@table
                $table, $insert_only, $crate::table::count!($($key)+),
                [$($key: $key_type,)+ $($column: $type,)* $($extra: $extra_type,)*]
            );
            const KEYS: i16 = $crate::table::count!($($key)+);
            const COLUMNS: i16 = $crate::table::count!($($column)*);

            fn key(&self) -> Self::Key {
                ($(self.$key,)+)
            }

            fn put_key<S: $crate::table::Sink>(key: &Self::Key, sink: &mut S) {
                let ($($key,)+) = key;
                $($crate::table::Field::put($key, sink.next());)+
            }

            fn put_columns<S: $crate::table::Sink>(&self, sink: &mut S) {
                $($crate::table::Field::put(&self.$column, sink.next());)*
            }

            fn read(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
                Ok(Self {
                    $($key: row.try_get(stringify!($key))?,)+
                    $($column: row.try_get(stringify!($column))?,)*
                })
            }
        }
    };
    (@changing $name:ident, $past:expr) => {
        impl $crate::table::Changing for $name {
            const PAST: Option<&'static $crate::table::Table> = $past;

            fn position(&self) -> i64 {
                self.position
            }

            fn set_position(&mut self, position: i64) {
                self.position = position;
            }
        }
    };
    (@table $name:expr, $insert_only:literal, $key:expr, [$($column:ident: $type:ty,)*]) => {
        &$crate::table::Table {
            name: $name,
            columns: &[$(stringify!($column),)*],
            types: &[$(<$type as $crate::table::Field>::SQL,)*],
            oids: &[$(<$type as $crate::table::Field>::OID,)*],
            key: $key,
            insert_only: $insert_only,
        }
    };
}
pub(crate) use row;
