// Tells the styles that scripts run. In a file of its own, because the content security policy allows none inside pages.
document.body.className += " js-enabled" + ("noModule" in HTMLScriptElement.prototype ? " govuk-frontend-supported" : "");
