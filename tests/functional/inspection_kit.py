"""What can be taken from a directory server, as LDIF for its administrator, and the words that tell so."""

from ldap_schema.configure import access_rules
from ldap_schema.shipped import shipped_schema

SUFFIX = "dc=leaders,dc=gov,dc=uk"
CONFIG, FRONTEND = "cn=config", "olcDatabase={-1}frontend,cn=config"
OF_CONFIG, DATABASE = "olcDatabase={0}config,cn=config", "olcDatabase={1}mdb,cn=config"
MONITOR = "olcDatabase={2}monitor,cn=config"
SCHEMA = "cn={4}nlc,cn=schema,cn=config"
SYNC = f'dn.exact="cn=sync,ou=services,{SUFFIX}"'
OVERLAYS = ("syncprov", "unique", "constraint", "ppolicy", "dynlist")
*RULES, LAST_RULE = access_rules(SUFFIX)


def replaced(dn: str, attribute: str, *values: str) -> str:
    """Return LDIF that gives the attribute these values, or none."""
    lines = [f"dn: {dn}", "changetype: modify", f"replace: {attribute}"]
    return "\n".join([*lines, *(f"{attribute}: {value}" for value in values), ""])


def without(dn: str, attribute: str, gone: str, *come: str) -> str:
    """Return LDIF that takes one value away, and puts others in its place."""
    lines = [f"dn: {dn}", "changetype: modify", f"delete: {attribute}", f"{attribute}: {gone}"]
    if come:
        lines += ["-", f"add: {attribute}", *(f"{attribute}: {value}" for value in come)]
    return "\n".join([*lines, ""])


def removed(*dns: str) -> str:
    """Return LDIF that removes entries."""
    return "\n".join(f"dn: {dn}\nchangetype: delete\n" for dn in dns)


def overlay(name: str) -> str:
    """Return where an overlay stands."""
    return f"olcOverlay={{{OVERLAYS.index(name)}}}{name},{DATABASE}"


def undefined(class_: str, attribute: str) -> str:
    """Return LDIF that takes away an attribute type, and before it the class that uses it."""
    ours = shipped_schema()
    (first,) = [at for at, text in enumerate(ours["olcObjectClasses"]) if f"'{class_}'" in text]
    (then,) = [at for at, text in enumerate(ours["olcAttributeTypes"]) if f"'{attribute}'" in text]
    return "\n".join(
        (
            without(SCHEMA, "olcObjectClasses", f"{{{first}}}"),
            without(SCHEMA, "olcAttributeTypes", f"{{{then}}}"),
        )
    )


def in_tree(name: str) -> str:
    """Return the DN of an entry of ours."""
    return f"{name},{SUFFIX}"


POLICY, PROGRAMS = in_tree("cn=credentials,ou=policies"), in_tree("ou=delegations")
FORMER = "nlcFormerName,nlcAcronym,nlcAreaServed eq,sub"
BLIND = f"to * attrs=entry,objectClass,olcAccess,olcSuffix by {SYNC} read by * none"
OPEN = ("to * attrs=entry,userPassword by * auth", f"to * by {SYNC} write")
NUMBERS = in_tree("cn=every-attribute,ou=policies")
FIRST_CONSTRAINT = f"""dn: olcOverlay={{0}}constraint,{DATABASE}
changetype: add
objectClass: olcOverlayConfig
objectClass: olcConstraintConfig
olcOverlay: {{0}}constraint
olcConstraintAttribute: jpegPhoto size 204800
"""

# What is taken -> how, and words of the sentence that tells so.
TAKEN = {
    "an attribute type": (undefined("nlcDelegation", "nlcScope"), "nlcScope"),
    # --- all of the server
    "TLS": (replaced(CONFIG, "olcSecurity", "simple_bind=128"), "Connections without TLS"),
    "strong TLS": (replaced(CONFIG, "olcSecurity", "ssf=56 simple_bind=128"), "Connections without TLS"),
    "binding first": (replaced(CONFIG, "olcRequires", "LDAPv3"), "Anonymous clients"),
    "no anonymous bind": (replaced(CONFIG, "olcDisallows"), "Anonymous binds"),
    "the oldest TLS": (replaced(CONFIG, "olcTLSProtocolMin", "3.1"), "TLS older than"),
    "no certificates of clients": (replaced(CONFIG, "olcTLSVerifyClient", "try"), "asked for certificates"),
    "acting for people": (replaced(CONFIG, "olcAuthzPolicy", "none"), "proxied authorization"),
    "three letters": (replaced(CONFIG, "olcIndexSubstrAnyLen", "4"), "three letters"),
    "each step of a word": (replaced(CONFIG, "olcIndexSubstrAnyStep", "2"), "every other part"),
    "an end to writing": (replaced(CONFIG, "olcWriteTimeout", "0"), "never reads the answers"),
    "the log": (replaced(CONFIG, "olcLogLevel", "none"), "copying the directory"),
    "the frontend's rules": (replaced(FRONTEND, "olcAccess", "to * by * read"), "shows its own entries"),
    "the hash": (replaced(FRONTEND, "olcPasswordHash", "{CLEARTEXT}"), "hashes otherwise"),
    "looking at cn=config": (replaced(OF_CONFIG, "olcAccess", "to * by * none"), "can't be read"),
    "looking at all of it": (
        replaced(OF_CONFIG, "olcAccess", BLIND),
        "may not read all of the configuration",
    ),
    # --- the database
    "the last bind": (replaced(DATABASE, "olcLastBind", "FALSE"), "olcLastBind is FALSE"),
    "rules for additions": (replaced(DATABASE, "olcAddContentAcl", "FALSE"), "olcAddContentAcl is FALSE"),
    "fsync": (replaced(DATABASE, "olcDbNoSync", "TRUE"), "lost when the machine stops"),
    "an index": (without(DATABASE, "olcDbIndex", "mail pres,eq,sub"), "no index of mail (eq,pres,sub)"),
    "part of an index": (
        without(DATABASE, "olcDbIndex", FORMER, "nlcFormerName,nlcAcronym eq", "nlcAreaServed eq,sub"),
        "no index of nlcFormerName (sub), nlcAcronym (sub)",
    ),
    "a limit": (without(DATABASE, "olcLimits", "{3}"), "ou=credentials"),
    "the order of limits": (without(DATABASE, "olcLimits", "{8}", "{0}* size=1 time=1"), "another order"),
    "an access rule": (without(DATABASE, "olcAccess", "{7}"), "lack 1 of"),
    "a word of a rule": (replaced(DATABASE, "olcAccess", *RULES, "to * by * read"), "lack 1 of"),
    "the order of rules": (replaced(DATABASE, "olcAccess", *RULES[1:], RULES[0], LAST_RULE), "another order"),
    "the end of the rules": (
        replaced(DATABASE, "olcAccess", *RULES, LAST_RULE, "to * by * read"),
        "not ours",
    ),
    "all rules": (replaced(DATABASE, "olcAccess", *OPEN), "access rules lack"),
    "room": (replaced(DATABASE, "olcDbMaxSize", "10485760"), "may grow to 10 MB only"),
    "the monitor": (removed(MONITOR), "does not tell how full"),
    "the counts of operations": (
        without(MONITOR, "olcAccess", "{1}"),
        "when the server is done with an operation",
    ),
    "the monitor's rules": (replaced(MONITOR, "olcAccess", "to * by * none"), "does not tell how full"),
    # --- overlays
    **{name: (removed(overlay(name)), f"overlay {name} is not on") for name in OVERLAYS},
    "their order": (removed(overlay("constraint")) + "\n" + FIRST_CONSTRAINT, "another order"),
    "uniqueness": (
        without(overlay("unique"), "olcUniqueURI", f"ldap:///ou=people,{SUFFIX}?nlcFederatedId?sub"),
        "unique lacks olcUniqueURI",
    ),
    "a constraint": (
        without(overlay("constraint"), "olcConstraintAttribute", "nlcSealed regex ^(post|all)$"),
        "constraint lacks olcConstraintAttribute: nlcSealed",
    ),
    "a constraint's limit": (
        without(overlay("constraint"), "olcConstraintAttribute", "jpegPhoto size 204800", "jpegPhoto size 9"),
        "constraint lacks olcConstraintAttribute: jpegPhoto size 204800",
    ),
    "the default policy": (replaced(overlay("ppolicy"), "olcPPolicyDefault"), "ppolicy lacks"),
    "memberOf": (replaced(overlay("dynlist"), "olcDynListAttrSet"), "dynlist lacks"),
    # --- the tree
    "a branch": (removed(f"cn=anchor,{PROGRAMS}", PROGRAMS), "no ou=delegations"),
    "an anchor": (removed(in_tree("cn=anchor,ou=offices")), "no cn=anchor,ou=offices"),
    "a role": (removed(in_tree("cn=auditors,ou=groups")), "no cn=auditors"),
    "a policy": (removed(in_tree("cn=services,ou=policies")), "no cn=services,ou=policies"),
    "lockout": (replaced(POLICY, "pwdLockout", "FALSE"), "another pwdLockout"),
    "the gate": (replaced(in_tree("ou=policies"), "labeledURI", "ldap:///"), "nobody sees anybody"),
    "a number": (replaced(NUMBERS, "nlcScope"), "nlcScope can't be used safely"),
    "the version": (replaced(SUFFIX, "nlcSchemaVersion", "1"), "has schema version 1"),
    **{
        f"cn={name}": (removed(in_tree(f"cn={name},ou=services")), f"no account cn={name},")
        for name in ("portal", "index", "replica")
    },
    "an account's policy": (
        replaced(in_tree("cn=index,ou=services"), "pwdPolicySubentry"),
        "cn=index,ou=services has another pwdPolicySubentry",
    ),
    "whom the portal acts for": (
        replaced(in_tree("cn=portal,ou=services"), "authzTo"),
        "may not act for people",
    ),
}
# What goes with it: without the first thing the other is not there, or can't be looked at, either.
ALSO = {
    "an attribute type": "nlcDelegation",
    "a branch": "cn=anchor,ou=delegations",
    "their order": "constraint lacks",
    "acting for people": "may not act for people",
    "all rules": "may not act for people",
}
RESTARTED = "the monitor"  # one process of slapd takes up one monitor only, ever

OTHER_CLASS = (
    "( nlcClass:11 NAME 'nlcDelegation' SUP top STRUCTURAL MUST ( nlcId $ nlcLeader $ nlcDelegate ) )"
)
# What no command at the socket can mend -> how to take it, and words of the sentence that tells so.
LASTING = {
    "the socket's strength": (replaced(CONFIG, "olcLocalSSF", "200"), "olcLocalSSF is 200"),
    "a definition": (
        without(SCHEMA, "olcObjectClasses", "{10}", OTHER_CLASS),
        "otherwise than this version: nlcDel",
    ),
}
