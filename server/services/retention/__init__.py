"""Keeping and deleting (保管与销毁): terms, holds, and acts of deletion by two people."""
