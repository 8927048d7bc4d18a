<?php
$here = getenv('SIMPLESAMLPHP_CONFIG_DIR');
$behaviour = json_decode(file_get_contents("$here/behaviour.json"), true);
// What the product's own converter made of our metadata.
if (is_file("$here/converted.php")) {
    eval(file_get_contents("$here/converted.php"));
}
foreach ($metadata ?? [] as $name => $described) {
    $binding = 'urn:oasis:names:tc:SAML:2.0:bindings:' . ($behaviour['post'] ? 'HTTP-POST' : 'HTTP-Redirect');
    $metadata[$name]['SingleLogoutService'] = array_values(array_filter(
        $described['SingleLogoutService'],
        fn($endpoint) => $endpoint['Binding'] === $binding
    ));
    // By itself it does what our metadata asks for (WantAssertionsSigned), whatever is set for everybody.
    $metadata[$name]['saml20.sign.assertion'] = in_array('assertion', $behaviour['signs'], true);
}
