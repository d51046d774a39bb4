module multiproc/tests

go 1.26.0

require (
	multiproc v0.0.0
	pgregory.net/rapid v1.3.0
)

replace multiproc => ../
