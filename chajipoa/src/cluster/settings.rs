//! The server's settings. They are written before every start, so that a new release brings its own.
//!
//! What an operator wants otherwise goes into `postgresql.conf` after the line that includes this file.

/// Connections of all services of one machine, with room for a rebuild and a person with psql.
const MAX_CONNECTIONS: u32 = 300;

/// The text of `chajipoa.conf`.
pub(super) fn text(port: u16) -> String {
    format!(
        "# Written at every start; change postgresql.conf instead, below the line that includes this file.\n\
         listen_addresses = '127.0.0.1'\n\
         # No socket file: its path may be too long, and the port is enough.\n\
         unix_socket_directories = ''\n\
         port = {port}\n\
         cluster_name = 'chajipoa'\n\
         max_connections = {MAX_CONNECTIONS}\n\
         shared_buffers = 512MB\n\
         # Fewer checkpoints: each is followed by full page images of everything that is touched.\n\
         max_wal_size = 8GB\n\
         wal_compression = lz4\n\
         # Compiling a plan costs more than any of our statements.\n\
         jit = off\n\
         fsync = on\n\
         full_page_writes = on\n\
         synchronous_commit = on\n\
         password_encryption = 'scram-sha-256'\n\
         timezone = 'UTC'\n\
         log_timezone = 'UTC'\n"
    )
}
