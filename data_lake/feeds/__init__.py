"""Feeds: what is declared in `config/feeds.yaml`, and the transports that bring it into the raw store.

```python
from data_lake.feeds.declaration import load_feeds        # Feeds of config/feeds.yaml; an unknown key is Refused
from data_lake.feeds.landing import Landing               # where fetched bytes land: the raw store, durably, checked
from data_lake.feeds.transport import transport_of        # by the scheme of the feed's address

landing = Landing(home, feed, now_us)
transport_of(feed, os.environ).fetch(feed, since_us, landing)    # Unreachable or Refused; what landed before stays landed
landing.fetched, landing.gaps, landing.absent                    # what `steps.feeds` gives to Lake.ingest
```
"""
