// Sends the signed answer on without a click; without JavaScript the button does it.
document.getElementById("answer").submit();
