"""The live page: what races, what was learned and why, for people with a browser. Server templates, htmx and server-sent events; no build.

`views` reads what a page shows, `compared` lays two codes side by side, `routes` answers. Everything that a template is given is text to
it and is escaped there; the content policy lets no script run but the two files that come with the page. Who may read and who may rate is
`service.access`'s.
"""
