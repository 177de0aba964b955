"""What is found out about a repository."""

import pytest

from model_ratchet.actions.surroundings import Place


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://github.com/acme/models.git", Place("github.com", "acme", "models")),
        ("https://github.com/acme/models", Place("github.com", "acme", "models")),
        ("https://user:ghp_secret@github.com/acme/models.git", Place("github.com", "acme", "models")),
        ("git@github.com:acme/models.git", Place("github.com", "acme", "models")),
        ("github.com:acme/models", Place("github.com", "acme", "models")),
        ("ssh://git@git.acme.example:2222/acme/mo.dels.git", Place("git.acme.example", "acme", "mo.dels")),
        ("https://git.acme.example:8443/acme/models/", Place("git.acme.example:8443", "acme", "models")),
        ("/srv/git/models.git", None),
        ("../models", None),
        ("file:///srv/git/acme/models.git", None),
        ("https://gitlab.example/group/sub/models.git", None),
        ("https://github.com/acme", None),
        ("https://github.com/ac me/models", None),
        ("https://github.com/-acme/models", None),
    ],
)
def test_a_remote_names_a_place_without_its_credentials(url: str, place: Place | None) -> None:
    assert Place.of(url) == place
