"""Who decides: the drafting pipeline, the LangGraph agent, its language models and its tools."""
