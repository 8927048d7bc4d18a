<?php
// Roundcube's own code asks the address book as its pages do, for somebody who is signed in: no web server, no mail
// account. ROUNDCUBE_CONFIG_DIR names the folder with config.inc.php.
//
//   php roundcube.php autocomplete WORDS    what the page for writing a mail offers
//   php roundcube.php search WORDS          what the page "Contacts" lists, and the first of them opened
define('INSTALL_PATH', '/usr/share/roundcube/');
require INSTALL_PATH . 'program/include/clisetup.php';

[, $task, $words] = $argv;
$_SESSION += ['user_id' => 1, 'storage_host' => 'mail.example'];
$_GET = ['_search' => $words, '_reqid' => '1'];

if ($task === 'autocomplete') {
    $rcmail->json_init();
    (new rcmail_action_mail_autocomplete())->run();  // prints JSON and ends
}
$book = $rcmail->get_address_book('counterpart');
$found = $book->search('*', $words, 0, true, true)->records;
$opened = $found ? $book->get_record($found[0]['ID'], true) : null;
echo json_encode(['found' => $found, 'opened' => $opened, 'error' => $book->get_error()]);
