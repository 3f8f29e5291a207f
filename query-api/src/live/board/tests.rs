//! The board by itself: its limits, its ticks, what it tells and what not.

use std::task::{Context, Poll, Waker};

use chrono::TimeDelta;

use super::*;

const KEY: Uuid = Uuid::from_u128(1);

fn seated(board: &mut Board, subject: u128) -> Result<(u64, Arc<Outlet>), Full> {
    board.seat(KEY, Kind::Rental, Identity::system(Uuid::from_u128(subject)))
}

fn opened(board: &mut Board) -> Arc<Outlet> {
    let (id, outlet) = seated(board, 7).unwrap();
    let first = First::Rental { missed: None, meter: None };
    board.open(id, Opening { position: 3, first }, Time::UNIX_EPOCH);
    outlet
}

fn read(outlet: &Outlet) -> Option<String> {
    match outlet.poll(&Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => Some(String::from_utf8(frame.to_vec()).unwrap()),
        Poll::Ready(Some(Err(_)) | None) | Poll::Pending => None,
    }
}

fn unreadable(position: i64) -> Arc<Heard> {
    let (id, streams) = (Uuid::nil(), vec![KEY]);
    Arc::new(Heard { position, id, streams, event: None, serial: None, settles: None })
}

#[test]
fn every_stream_gets_a_sign_of_life_once_a_round() {
    let mut board = Board::new(10);
    let outlet = opened(&mut board);
    assert!(read(&outlet).unwrap().starts_with("retry: 2000\n\nid: 3\nevent: idle\n"));
    for _ in 0..2 * BEATS {
        board.tick(Time::UNIX_EPOCH);
    }
    assert_eq!([read(&outlet), read(&outlet)], [Some(":\n\n".to_owned()), Some(":\n\n".to_owned())]);
    assert_eq!(read(&outlet), None);
}

#[test]
fn what_stands_already_is_not_told_again_and_what_cannot_be_told_ends_the_stream() {
    let mut board = Board::new(10);
    let outlet = opened(&mut board);
    read(&outlet);
    board.hear(&unreadable(3), Time::UNIX_EPOCH);
    assert_eq!((read(&outlet), board.len()), (None, 1));
    board.hear(&unreadable(4), Time::UNIX_EPOCH);
    assert_eq!(read(&outlet).unwrap(), "event: bye\ndata: {\"reason\":\"interrupted\"}\n\n");
    assert_eq!(board.len(), 0);
}

#[test]
fn i13_seats_are_limited_and_given_up_ones_are_free_again() {
    let mut board = Board::new(MOST_OF_SPEAKER + 1);
    let seats: Vec<_> = (0..MOST_OF_SPEAKER).map(|_| seated(&mut board, 7).unwrap().0).collect();
    assert_eq!(seated(&mut board, 7).unwrap_err(), Full::Speaker);
    seated(&mut board, 8).unwrap();
    assert_eq!(seated(&mut board, 9).unwrap_err(), Full::Process);
    board.leave(seats[0]);
    seated(&mut board, 9).unwrap();
    board.stop();
    assert_eq!((board.len(), board.watched.len()), (0, 0));
    assert_eq!(seated(&mut board, 7).unwrap_err(), Full::Stopping);
}

#[test]
fn a_reader_that_has_stopped_reading_is_forgotten() {
    let mut board = Board::new(10);
    let _outlet = opened(&mut board);
    let rounds = (0..300).find(|_| {
        (0..BEATS).for_each(|_| board.tick(Time::UNIX_EPOCH + TimeDelta::hours(1)));
        board.len() == 0
    });
    assert!(rounds.is_some_and(|rounds| rounds > 200), "{rounds:?}");
}
