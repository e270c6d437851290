"""Posts: messages in a workspace's activity feed."""

from ..ledger import Document
from .access import leads, seat, writable_workspace
from .errors import forbidden, invalid
from .filters import MOMENTS, equals, referenced
from .lines import need_story
from .people import references_of
from .resource import Association, Call, Resource, held, one
from .values import ident, idents, text

__all__ = ["RESOURCES"]


def create_post(call: Call, fields: Document) -> Document:
    workspace = writable_workspace(call, fields["workspace_id"])
    if seat(call.books, workspace["id"], call.by) is None and not leads(call, workspace):
        raise forbidden()
    need_story(call, workspace, fields.get("story_id"))
    for number in fields.get("recipient_ids", []):
        held(call.books, "users", number, "recipient_ids")
        if seat(call.books, workspace["id"], number) is None:
            raise invalid("Recipients must be participating in the project", "recipient_ids")
    post = {"story_id": None, "recipient_ids": [], **fields, "user_id": call.by}
    post["private"] = bool(post["recipient_ids"])
    return call.books.insert("posts", post, by=call.by)


def change_post(call: Call, post: Document, fields: Document) -> Document:
    if post["user_id"] != call.by:
        raise forbidden()
    return call.books.change("posts", post, fields, by=call.by)


def remove_post(call: Call, post: Document) -> None:
    if post["user_id"] != call.by and not call.administrator:
        raise forbidden()
    call.books.remove("posts", post, by=call.by)


POSTS = Resource(
    key="posts",
    singular="post",
    subject="Post",
    fields=("message", "private", "workspace_id", "story_id", "user_id", "created_at", "updated_at"),
    includes={
        "user": one("users", "user_id"),
        "workspace": one("workspaces", "workspace_id"),
        "story": one("stories", "story_id"),
        "recipients": Association(
            key="users", field="recipient_ids", ids=lambda _, post: post["recipient_ids"]
        ),
        "external_references": references_of("Post"),
    },
    filters={
        **MOMENTS,
        **referenced("Post", "posts"),
        "workspace_id": equals("posts", "workspace_id"),
        "story_id": equals("posts", "story_id", indexed=False),
    },
    searched=("message",),
    writable={"workspace_id": ident, "message": text, "story_id": ident, "recipient_ids": idents},
    required=("workspace_id", "message"),
    fixed=frozenset({"workspace_id", "recipient_ids"}),
    create=create_post,
    update=change_post,
    remove=remove_post,
)

RESOURCES = (POSTS,)
