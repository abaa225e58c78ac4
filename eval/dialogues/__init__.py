"""How the agent is marked: conversations of several turns about studies whose answers are known.

The judge does not know the judged: it is given a callable that begins a conversation about a study,
and reads every answer from its words, as it would those of any other system.
"""
