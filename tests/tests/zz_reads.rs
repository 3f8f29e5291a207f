//! temporary
#[path = "suite/city.rs"]
mod city;
#[path = "suite/projector.rs"]
mod projector;
#[path = "suite/query.rs"]
mod query;
