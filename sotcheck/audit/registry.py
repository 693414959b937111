from sotcheck.claims.registry import *  # shim while sections move
from sotcheck.claims.registry import DEFINITIONS, EQUATIONS, STATEMENTS, Definition, Equation, Statement, register, Entry
