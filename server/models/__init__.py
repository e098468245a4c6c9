"""The tables, one noun a module."""

from server.models.accounts import Device, KnownAddress, LoginFailure, RefreshToken, User
from server.models.audit import AuditEntry, AuditSeal, Setting
from server.models.base import Base
from server.models.checklists import Checklist
from server.models.cleaning import (
    CleaningMember,
    DuplicatePair,
    ObjectProposal,
    TagAct,
    TagChange,
)
from server.models.conflicts import ConflictCare, ConflictSettlement
from server.models.documents import Document, FeedEntry, FeedHead, FeedMark, History, Receipt
from server.models.draws import Draw, DrawPoolRow, DrawWitness
from server.models.evidence import (
    CustodyAnchor,
    CustodyEvent,
    CustodySeal,
    Derivative,
    EvidenceFile,
    Photo,
    QuarantineSettlement,
    Upload,
)
from server.models.flags import PhotoFlag, PictureHash
from server.models.items import ItemList
from server.models.jobs import JobState
from server.models.late import LateOp, UnawaitedDevice
from server.models.ledger import LedgerBody, LedgerCheckpoint, LedgerEntry, LedgerTile
from server.models.losses import PhotoLoss
from server.models.organisations import Organisation
from server.models.plans import Plan, PlanRevision
from server.models.publication import Publication
from server.models.registers import Expert, InspectionObject, ObjectSource, Officer, OfficerInterest
from server.models.retention import DeletionAct, DeletionItem, LegalHold, RetentionTerm
from server.models.tasks import Assignment, Task
from server.models.weights import WeightTable

__all__ = [
    "Assignment",
    "AuditEntry",
    "AuditSeal",
    "Base",
    "Checklist",
    "CleaningMember",
    "ConflictCare",
    "ConflictSettlement",
    "CustodyAnchor",
    "CustodyEvent",
    "CustodySeal",
    "DeletionAct",
    "DeletionItem",
    "Derivative",
    "Device",
    "Document",
    "Draw",
    "DrawPoolRow",
    "DrawWitness",
    "DuplicatePair",
    "EvidenceFile",
    "Expert",
    "FeedEntry",
    "FeedHead",
    "FeedMark",
    "History",
    "InspectionObject",
    "ItemList",
    "JobState",
    "KnownAddress",
    "LateOp",
    "LedgerBody",
    "LedgerCheckpoint",
    "LedgerEntry",
    "LedgerTile",
    "LegalHold",
    "LoginFailure",
    "ObjectProposal",
    "ObjectSource",
    "Officer",
    "OfficerInterest",
    "Organisation",
    "Photo",
    "PhotoFlag",
    "PhotoLoss",
    "PictureHash",
    "Plan",
    "PlanRevision",
    "Publication",
    "QuarantineSettlement",
    "Receipt",
    "RefreshToken",
    "RetentionTerm",
    "Setting",
    "TagAct",
    "TagChange",
    "Task",
    "UnawaitedDevice",
    "Upload",
    "User",
    "WeightTable",
]
