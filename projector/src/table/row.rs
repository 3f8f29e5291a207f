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

    /// Its key.
    fn key(&self) -> Self::Key;
    /// Writes a key.
    fn write_key<S: Sink>(key: &Self::Key, sink: &mut S);
    /// Writes all columns.
    fn write<S: Sink>(&self, sink: &mut S);
    /// Reads all columns.
    fn read(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error>;
}

macro_rules! count {
    () => { 0 };
    ($head:ident $($tail:ident)*) => { 1 + $crate::table::count!($($tail)*) };
}
pub(crate) use count;

/// Declares a row: its struct, its table, how it is written and read.
macro_rules! row {
    (
        $(#[$doc:meta])*
        $name:ident in $table:literal $(($insert_only:ident))?
        key { $($key:ident: $key_type:ty,)+ }
        columns { $($column:ident: $type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct $name {
            $(pub(crate) $key: $key_type,)+
            $(pub(crate) $column: $type,)*
        }

        impl $crate::table::Row for $name {
            type Key = ($($key_type,)+);
            const TABLE: &'static $crate::table::Table = &$crate::table::Table {
                name: $table,
                columns: &[$(stringify!($key),)+ $(stringify!($column),)*],
                types: &[
                    $(<$key_type as $crate::table::Field>::SQL,)+
                    $(<$type as $crate::table::Field>::SQL,)*
                ],
                oids: &[
                    $(<$key_type as $crate::table::Field>::OID,)+
                    $(<$type as $crate::table::Field>::OID,)*
                ],
                key: $crate::table::count!($($key)+),
                insert_only: $crate::table::row!(@only $($insert_only)?),
            };

            fn key(&self) -> Self::Key {
                ($(self.$key,)+)
            }

            fn write_key<S: $crate::table::Sink>(key: &Self::Key, sink: &mut S) {
                let ($($key,)+) = key;
                sink.row($crate::table::count!($($key)+));
                $($crate::table::Field::put($key, sink.next());)+
            }

            fn write<S: $crate::table::Sink>(&self, sink: &mut S) {
                sink.row($crate::table::count!($($key)+ $($column)*));
                $($crate::table::Field::put(&self.$key, sink.next());)+
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
    (@only insert_only) => { true };
    (@only) => { false };
}
pub(crate) use row;
