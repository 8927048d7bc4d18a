<?php
// php -S finds no script whose name is followed by a path, as in /module.php/core/login: say which one it is.
$www = '/usr/share/simplesamlphp/www';
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (preg_match('#^(/[\w./-]*?\.php)(/.*)?$#', $path, $parts) && is_file($www . $parts[1])) {
    $_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $parts[1];
    $_SERVER['SCRIPT_FILENAME'] = $www . $parts[1];
    $_SERVER['PATH_INFO'] = $parts[2] ?? '';
    chdir(dirname($www . $parts[1]));
    require $www . $parts[1];
    return true;
}
return false;
