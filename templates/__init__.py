"""The pages and e-mails of the portal: a package, so that they are installed with it and found beside it."""
