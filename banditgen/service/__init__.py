"""banditgen as an endpoint: OpenAI's dialect, Ollama's and its own over HTTP; the extra `serve` brings what it needs.

`app.create_app(bandit, token=…)` makes the ASGI application around a `BanditGenerator`. A request becomes a `RaceOrder` (`orders`), the
`Desk` (`desk`) races it, whoever listens hears of it (`events`), and the dialect's router (`openai`, `ollama`, `native`) answers in its own
words. Who may ask, and how much, is `access`'s; how a refusal reads is `refusals`'.
"""
