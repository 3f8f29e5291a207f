//! Server-sent events, read from bytes as they come. Pure.

/// No event is larger; a stream that sends more is no stream of events.
const LARGEST: usize = 256 * 1024;

/// An event with data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// The id it came with, or the last one before it.
    pub(super) id: Option<String>,
    /// Its name; empty where it has none.
    pub(super) name: String,
    /// Its data.
    pub(super) data: String,
}

/// More bytes than an event may have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Reads a stream.
#[derive(Debug, Default)]
pub(super) struct Reader {
    line: Vec<u8>,
    event: Event,
}

impl Reader {
    /// The events that these bytes complete. Comments complete none.
    ///
    /// # Errors
    /// An event is too large.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLarge> {
        let mut events = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                self.line.push(*byte);
                if self.line.len().saturating_add(self.event.data.len()) > LARGEST {
                    return Err(TooLarge);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let text = String::from_utf8_lossy(&line);
            events.extend(self.line(text.trim_end_matches('\r')));
        }
        Ok(events)
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            self.event.id.clone_from(&event.id);
            return (!event.data.is_empty()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.event.name),
            "data" if self.event.data.is_empty() => value.clone_into(&mut self.event.data),
            "data" => {
                self.event.data.push('\n');
                self.event.data.push_str(value);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = ": hello\n\nid: 7\nevent: release\ndata: {\"a\":\ndata: 1}\n\n: still here\n\r\nevent: withdrawn\r\ndata:{}\r\n\r\nid: 9\n\n";

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let release =
            Event { id: Some("7".to_owned()), name: "release".to_owned(), data: "{\"a\":\n1}".to_owned() };
        let withdrawn =
            Event { id: Some("7".to_owned()), name: "withdrawn".to_owned(), data: "{}".to_owned() };
        for size in [1, 2, 3, 7, STREAM.len()] {
            let mut reader = Reader::default();
            let parts = STREAM.as_bytes().chunks(size).map(|part| reader.read(part).unwrap());
            let events: Vec<Event> = parts.flatten().collect();
            assert_eq!(events, [release.clone(), withdrawn.clone()], "in parts of {size}");
        }
    }

    #[test]
    fn a_stream_without_end_of_line_is_given_up() {
        assert_eq!(Reader::default().read(&vec![b'x'; LARGEST + 1]), Err(TooLarge));
    }
}
