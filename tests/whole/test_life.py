"""Each jurisdiction's whole life over the API, a scan after each step; and the table written from it."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.api.conftest import Api, api, tree
from tests.whole.life import STORIES, Story
from tests.whole.walking import Walk, table
from verifier.certificate.jurisdictions import jurisdictions
from verifier.certificate.lifecycle import Event

__all__ = ["api", "tree"]
DOCUMENT = Path(__file__).parents[2] / "docs" / "lifecycle.md"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.rules} {story.number}")
def test_the_story_goes_as_the_rules_have_it_and_as_the_document_says(api: Api, story: Story) -> None:
    written = table(story, asyncio.run(Walk(api, story).go()))
    if os.environ.get("WRITE_LIFECYCLE"):
        Path(os.environ["WRITE_LIFECYCLE"], f"{STORIES.index(story):02}.md").write_text(written)
        return
    assert written in DOCUMENT.read_text()


def test_every_event_that_a_regulation_knows_happens_in_a_story() -> None:
    verbs = {
        "suspended": "suspend", "reinstated": "reinstate", "withdrawn": "withdraw", "cancelled": "cancel",
        "lost": "lose", "reissued": "reissue", "replaced": "replace", "returned": "return",
        "destroyed": "destroy", "review_asked": "ask-review", "review_upheld": "uphold",
        "review_reversed": "reverse",
    }  # fmt: skip
    for key, rules in jurisdictions().items():
        told = {step.event for story in STORIES if story.rules == key for step in story.steps}
        own = {verbs[event] for event in rules.events if event not in {Event.ISSUED, Event.FILED}}
        if not rules.categories:  # a system's file has what differs from its region's
            assert own - told - ({"return"} if key == "IM-2023" else set()) == set(), key
