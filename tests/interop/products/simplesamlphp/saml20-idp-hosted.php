<?php
$here = getenv('SIMPLESAMLPHP_CONFIG_DIR');
$behaviour = json_decode(file_get_contents("$here/behaviour.json"), true);
$other = array_values(array_diff($behaviour['published'], [$behaviour['key']]));
$binding = 'urn:oasis:names:tc:SAML:2.0:bindings:' . ($behaviour['post'] ? 'HTTP-POST' : 'HTTP-Redirect');
$metadata['__DYNAMIC:1__'] = [
    'host' => '__DEFAULT__',
    'auth' => 'people',
    'privatekey' => "{$behaviour['key']}.key",
    'certificate' => "{$behaviour['key']}.crt",
    'scope' => ['simplesamlphp.example'],
    'SingleSignOnServiceBinding' => [$binding],
    'SingleLogoutServiceBinding' => [$binding],
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
    'authproc' => [
        10 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid'],
        20 => ['class' => 'core:AttributeMap', 'name2oid'],
    ],
    'validate.authnrequest' => true,
    'validate.logout' => true,
    'sign.logout' => true,
    'redirect.sign' => true,
    'redirect.validate' => true,
    'saml20.sign.response' => in_array('response', $behaviour['signs'], true),
    'assertion.encryption' => $behaviour['encrypts'],
    'assertion.lifetime' => 60 * $behaviour['minutes'],
];
if ($other) {
    $metadata['__DYNAMIC:1__'] += ['new_privatekey' => "$other[0].key", 'new_certificate' => "$other[0].crt"];
}
if ($behaviour['audience'] !== '') {
    $metadata['__DYNAMIC:1__']['authproc'][90] = [
        'class' => 'core:PHP',
        'code' => '$state["SPMetadata"]["entityid"] = ' . var_export($behaviour['audience'], true) . ';',
    ];
}
