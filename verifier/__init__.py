"""Liangzheng 亮证: signs and verifies administrative-enforcement certificates."""
