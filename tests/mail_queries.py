"""What mail programs really ask: a filter for each, in which `{0}` is what somebody typed.

Read from slapd's log (Thunderbird, Evolution 3.46, Roundcube, lbdb: `tests/interop`), from Evolution's later
source, and from administrators' notes and captured traffic (Outlook, Apple), whose programs we can't run.
"""

_APPLE = "o cn ou sn mail IMHandle givenname postalAddress telephoneNumber".split()
_QUICK = "cn givenName sn mozillaNickname mail mozillaSecondEmail".split()
_QUICK_TOO = "o ou title mozillaWorkUrl mozillaHomeUrl".split()
# evolution-data-server's table of attributes; from fileAs on only where the server knows evolutionPerson.
_EVOLUTION = (
    "cn givenName sn mail member telephoneNumber homePhone mobile facsimileTelephoneNumber "
    "internationaliSDNNumber pager o ou roomNumber title postalAddress l st postofficebox postalcode c "
    "homePostalAddress mozillaHomeLocalityName mozillaHomeState mozillaHomePostalCode "
    "labeledURI displayName icsCalendar fileAs spouseName note businessRole managerName assistantName"
).split()

# What 3.46 asks for, which looks for parts of `mail` in the recipient's field alone.
_EVOLUTION_346 = (
    "cn givenName sn mobile facsimileTelephoneNumber internationaliSDNNumber pager o roomNumber title "
    "labeledURI description icsCalendar"
).split()

FILTERS = {
    "Thunderbird, autocomplete": "(|(cn=*{0}*)(mail=*{0}*)(givenName=*{0}*)(sn=*{0}*))",
    "Thunderbird, quick search": "(|"
    + "".join(f"({name}=*{{0}}*)" for name in _QUICK)
    + "(&(description=*{0}*))"
    + "".join(f"({name}=*{{0}}*)" for name in _QUICK_TOO)
    + ")",
    "Outlook": "(&(mail=*)(|(mail={0}*)(|(cn={0}*)(|(sn={0}*)(givenName={0}*)))))",
    "Apple": "(|" + "".join(f"({name}={{0}}*)" for name in _APPLE) + ")",
    "Apple, older": "(|(givenname={0}*)(sn={0}*)(cn={0}*)(mail={0}*))",
    "Evolution, name": "(|(cn=*{0}*)(sn=*{0}*))",
    "Evolution 3.46, name": "(cn=*{0}*)",
    "Evolution 3.46, any field": "(|" + "".join(f"({n}=*{{0}}*)" for n in _EVOLUTION_346) + ")",
    "Evolution 3.46, recipient": "(|(displayName={0}*)(mail={0}*)(|(cn={0}*)(sn={0}*)))",
    "Evolution, any field": "(&(objectclass=person)(|" + "".join(f"({n}=*{{0}}*)" for n in _EVOLUTION) + "))",
    "Roundcube": "(&(objectClass=inetOrgPerson)(|(cn=*{0}*)(sn=*{0}*)(givenName=*{0}*)(mail=*{0}*)"
    "(title=*{0}*)(o=*{0}*)))",
    "Roundcube, recipient": "(&(objectClass=inetOrgPerson)(|(cn=*{0}*)(givenName=*{0}*)(sn=*{0}*)"
    "(mail=*{0}*)))",
    "lbdb": "(|(cn=*{0}*)(sn=*{0}*)(givenName=*{0}*)(mail=*{0}*))",
}
