"""Roles and cohorts: `cn=<name>,ou=groups`. A role is held by being a member, never by an attribute of the person."""

DIRECTORY_MANAGERS = "directory-managers"
AUDITORS = "auditors"
