//! Things in the order they came, found by their id; only the newest are kept.

use std::collections::{HashMap, VecDeque};

/// How many of one kind are kept.
pub(super) const KEPT: usize = 20_000;

/// Something with an id of its own.
pub(super) trait Named {
    fn id(&self) -> &str;
}

/// The newest [`KEPT`].
#[derive(Debug)]
pub(super) struct Shelf<T> {
    items: VecDeque<T>,
    /// Where each lies, counted from the first that ever came.
    places: HashMap<String, usize>,
    gone: usize,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { items: VecDeque::new(), places: HashMap::new(), gone: 0 }
    }
}

impl<T: Named> Shelf<T> {
    /// Puts something at the end, in place of what had its id.
    pub(super) fn put(&mut self, item: T) {
        if let Some(known) = self.get_mut(item.id()) {
            *known = item;
            return;
        }
        self.places.insert(item.id().to_owned(), self.gone.saturating_add(self.items.len()));
        self.items.push_back(item);
        if self.items.len() > KEPT
            && let Some(oldest) = self.items.pop_front()
        {
            self.places.remove(oldest.id());
            self.gone = self.gone.saturating_add(1);
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.items.get(self.places.get(id)?.checked_sub(self.gone)?)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.items.get_mut(self.places.get(id)?.checked_sub(self.gone)?)
    }

    /// All of them, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Named for (String, u32) {
        fn id(&self) -> &str {
            &self.0
        }
    }

    #[test]
    fn the_newest_are_kept_and_found() {
        let mut shelf = Shelf::default();
        for n in 0..KEPT + 3 {
            shelf.put((n.to_string(), 0));
        }
        assert_eq!(shelf.iter().count(), KEPT);
        assert!(shelf.get("2").is_none());
        for n in ["3", "4", "20002"] {
            assert_eq!(shelf.get(n).unwrap().0, n);
        }
        shelf.put(("4".to_owned(), 7));
        assert_eq!((shelf.iter().count(), shelf.get("4").unwrap().1), (KEPT, 7));
    }
}
