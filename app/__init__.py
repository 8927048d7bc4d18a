"""The web portal: thin Flask, one blueprint per thing a person does. `app.factory` puts it together."""
