"""What this org holds on the first day: its users and their credentials, its accounts, its open deals."""

from datetime import timedelta

from ..firm import Client, Deal, Firm
from ..ledger import Document
from .logins import Logins
from .records import Records
from .schema import SCHEMA

__all__ = ["CREDENTIALS", "settle"]

#: Client id, client secret, first and last name. The first is the integration's, the others are people's.
CREDENTIALS = (
    ("fairlead-integration", "fairlead-integration-secret", "Fairlead", "Integration"),
    ("northmark-sales", "northmark-sales-secret", "Sally", "Sales"),
    ("northmark-sales-operations", "northmark-sales-operations-secret", "Oliver", "Operations"),
)
CONTRACT_TYPES = {"fixed-fee": "Fixed Fee", "time-and-materials": "Time and Materials"}
#: Days from the first day to the close date that sales expects.
EXPECTED_IN = timedelta(days=14)


def settle(firm: Firm, records: Records, logins: Logins) -> None:
    """Write all of it; accounts and opportunities belong to the sales person."""
    users = [_user(records, logins, *credential) for credential in CREDENTIALS]
    sales = users[1]
    accounts: dict[str, str] = {}
    for client in firm.clients:
        accounts[client.number] = records.create(SCHEMA["account"], _account(firm, client, accounts), sales)[
            "Id"
        ]
    for deal in firm.deals:
        records.create(SCHEMA["opportunity"], _opportunity(firm, deal, accounts), sales)


def _user(records: Records, logins: Logins, client_id: str, secret: str, first: str, last: str) -> str:
    key = records.next_id("005")
    address = f"{first}.{last}@northmark.example".lower()
    values = {"Id": key, "Username": address, "Email": address, "IsActive": True}
    names = {"FirstName": first, "LastName": last, "Name": f"{first} {last}"}
    records.plant(SCHEMA["user"], values | names, key)
    logins.register(client_id=client_id, client_secret=secret, user=key)
    return key


def _account(firm: Firm, client: Client, accounts: dict[str, str]) -> Document:
    return {
        "Name": client.name,
        "ParentId": accounts[client.parent] if client.parent is not None else None,
        "BillingStreet": client.street,
        "BillingCity": client.city,
        "BillingPostalCode": client.postal_code,
        "BillingCountryCode": client.country,
        "CurrencyIsoCode": firm.entity(client.entity).currency,
        "Client_Number__c": client.number,
        "Tax_Number__c": client.tax_number,
        "Accounts_Payable_Email__c": client.email,
        "Legal_Entity__c": client.entity,
    }


def _opportunity(firm: Firm, deal: Deal, accounts: dict[str, str]) -> Document:
    entity = firm.entity(deal.entity)
    return {
        "Name": deal.name,
        "AccountId": accounts[deal.client],
        "StageName": "Negotiation/Review",
        "Amount": deal.amount / 10**entity.exponent,
        "CurrencyIsoCode": deal.currency,
        "CloseDate": (firm.today + EXPECTED_IN).isoformat(),
        "Deal_Number__c": deal.number,
        "Legal_Entity__c": deal.entity,
        "Contract_Type__c": CONTRACT_TYPES[deal.contract_type],
        "Service_Package__c": deal.package,
        "Rate_Card__c": deal.rate_card,
        "Tax_Profile__c": entity.tax_profile,
        "Start_Date__c": deal.start.isoformat(),
        "End_Date__c": deal.end.isoformat(),
        "Delivery_Manager__c": deal.manager,
        "Team__c": ";".join(deal.team),
        "Purchase_Order__c": deal.purchase_order,
    }
