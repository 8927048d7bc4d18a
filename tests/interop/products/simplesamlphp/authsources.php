<?php
$here = getenv('SIMPLESAMLPHP_CONFIG_DIR');
$config = ['admin' => ['core:AdminPassword'], 'people' => ['exampleauth:UserPass']];
foreach (json_decode(file_get_contents("$here/people.json"), true) as $login => $account) {
    $config['people']["$login:secret"] = [
        'uid' => [$account['key']],
        'mail' => [$account['mail']],
        'eduPersonAffiliation' => ['member', 'employee'],
    ];
}
