"""Where senders' files come from: dropped into the inbox, or fetched into it over HTTPS or SFTP."""
