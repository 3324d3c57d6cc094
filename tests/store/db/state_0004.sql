BEGIN TRANSACTION;
CREATE TABLE agents (
	agent_id TEXT NOT NULL, 
	address TEXT NOT NULL, 
	cpu_cores FLOAT NOT NULL, 
	memory_mb INTEGER NOT NULL, 
	labels TEXT NOT NULL, 
	gpus TEXT NOT NULL, 
	runtimes TEXT NOT NULL, 
	cpu_percent FLOAT NOT NULL, 
	memory_used_mb FLOAT NOT NULL, 
	cordoned BOOLEAN NOT NULL, 
	draining BOOLEAN DEFAULT 0 NOT NULL, 
	drain_by TIMESTAMP, 
	images TEXT DEFAULT '{}' NOT NULL, 
	disk_free_mb INTEGER, 
	reported_at TIMESTAMP NOT NULL, 
	last_seen TIMESTAMP NOT NULL, 
	PRIMARY KEY (agent_id)
);
INSERT INTO "agents" VALUES('n1','http://n1:7701',4.0,8192,'{"zone":"a"}','[]','["docker"]',0.0,0.0,1,1,900,'{"nginx:2":50}',NULL,5,5);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE approvals (
	business_id TEXT NOT NULL, 
	component_id TEXT NOT NULL, 
	instance INTEGER NOT NULL, 
	node_id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	plan_hash TEXT NOT NULL, 
	who TEXT NOT NULL, 
	at TIMESTAMP NOT NULL, 
	PRIMARY KEY (business_id, component_id, instance, node_id, digest)
);
INSERT INTO "approvals" VALUES('gone','web',0,'n1','d1','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','Ann',9);
CREATE TABLE business_components (
	business_id TEXT NOT NULL, 
	component_id TEXT NOT NULL, 
	component_name TEXT NOT NULL, 
	type TEXT NOT NULL, 
	image_url TEXT, 
	image_name TEXT, 
	resource_requirements TEXT NOT NULL, 
	environment_variables TEXT, 
	config_files TEXT, 
	affinity TEXT, 
	node_id TEXT, 
	container_id TEXT, 
	status TEXT NOT NULL, 
	started_at TIMESTAMP, 
	updated_at TIMESTAMP, 
	PRIMARY KEY (business_id, component_id), 
	FOREIGN KEY(business_id) REFERENCES businesses (business_id) ON DELETE CASCADE, 
	FOREIGN KEY(node_id) REFERENCES agents (agent_id) ON DELETE SET NULL
);
INSERT INTO "business_components" VALUES('shop','web','web','docker',NULL,'nginx:1','{}','{"A":"1"}','[]','{}',NULL,NULL,'pending',NULL,7);
INSERT INTO "business_components" VALUES('blog','web','web','docker',NULL,'httpd:1','{}','{"A":"1"}','[]','{}',NULL,NULL,'pending',NULL,3);
INSERT INTO "business_components" VALUES('wiki','web','web','docker',NULL,'wiki:1','{}','{"A":"1"}','[]','{}',NULL,NULL,'pending',NULL,14);
CREATE TABLE businesses (
	business_id TEXT NOT NULL, 
	business_name TEXT NOT NULL, 
	status TEXT NOT NULL, 
	created_at TIMESTAMP NOT NULL, 
	updated_at TIMESTAMP NOT NULL, 
	source TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	stopped BOOLEAN NOT NULL, 
	restarts INTEGER NOT NULL, 
	paused BOOLEAN DEFAULT 0 NOT NULL, 
	pinned INTEGER, 
	quarantined TEXT DEFAULT '[]' NOT NULL, 
	PRIMARY KEY (business_id)
);
INSERT INTO "businesses" VALUES('shop','Shop','pending',1,7,'desired/shop.yaml',3,0,0,0,1,'["qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"]');
INSERT INTO "businesses" VALUES('blog','Blog','pending',3,8,'api',1,0,0,1,NULL,'[]');
INSERT INTO "businesses" VALUES('wiki','Wiki','pending',14,14,'api',1,0,0,0,NULL,'[]');
CREATE TABLE component_metrics (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	component_id TEXT NOT NULL, 
	timestamp TIMESTAMP NOT NULL, 
	cpu_percent FLOAT NOT NULL, 
	memory_mb INTEGER NOT NULL, 
	gpu_percent FLOAT, 
	business_id TEXT NOT NULL, 
	instance INTEGER NOT NULL, 
	span INTEGER NOT NULL, 
	FOREIGN KEY(business_id, component_id) REFERENCES business_components (business_id, component_id) ON DELETE CASCADE
);
INSERT INTO "component_metrics" VALUES(1,'web',4,0.0,0,0.0,'shop',0,0);
INSERT INTO "component_metrics" VALUES(2,'web',4,0.0,0,0.0,'blog',0,0);
CREATE TABLE counters (
	name TEXT NOT NULL, 
	value INTEGER NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "counters" VALUES('version',110);
CREATE TABLE decision_parts (
	digest TEXT NOT NULL, 
	data BLOB NOT NULL, 
	size INTEGER NOT NULL, 
	last INTEGER, 
	PRIMARY KEY (digest)
);
INSERT INTO "decision_parts" VALUES('356f64238ccfddca0a95cc26086dd88e8db7b56a5adf8b486fd7a5ffa04056aa',X'7801CD53C96E833010FD9568CEA8CD72E3D6FE428F0845064F612A633BB621A950FEBD639C8444DD0E55A570629E67DE6C6F8A11AADE9346EF219FFFB72421874A9906B28BC3568B0E197E4E706D3A6B34EAC091C5081733C5EEB1E2D0193CC52618F540CEE88E83B78370242A8553FE27A65FC13103EA4483E7846D0856E68C97FCC2941D05C875AF5406289C22745C41998115BD472E3CB81ED922ADA3951C77BD704207EE94A1E8ECD007E162F1CB680CE4C968C8571978D3BB3A362A2C710F3E186B63D4AB509E79077492EAA96BAE679ED9E7F9F9D6D82FE6F792E0CB6CFE7D7EBA217DF86D7E73236981F755FC7A5AFE7DD73809F44A8627BD9C75C8CABA1521ECFEF8C1F732DE5CC958A22787F2316EF4E15D74EA67511705A42B954B4E30F26D081F2F03F04001E5624FA15DD446E262C3447BE3F834D8E90D6B7EE5356533C1EA9660766F8C89AEE5B1FC001C2E91B9',340,NULL);
INSERT INTO "decision_parts" VALUES('411ac1e4a2fbab7cbebc12cc23406b5e3928ab044c491e603a0c4d3e5521594c',X'78019551CB6EC32010FC973DD394A44D1BE5579CC822B076506D403CD24696FFBD835BF5E8A83766D8991D866622ED5D67E3C8868E39161695C8CA3A8EAD0547BD77FCA44990B13DA70CC66C2B8AB60368CE82D899AAEED49020EF941DD8B47FD398FDE03B261727A04FBE9090D08D9C92EA198E609D37FCB3D055FB10FD6813EEA65950B24EE3F8BA9138671533FC1596BB320C0B934B824B2CCE59D7437DE398AC77747C9FC5E317A6AB0F2B2F9C48E95CD4800D27DA9E6A58FE0AAC9162A1E4427596878A4BE28809549A729B981102B9E787351909D56F513510D03F8B221D4AAB7D647421377B413DB0E19BD595696AE3578F50C1C75C093AC8837CCE3AD0F217A38FF776BCD071B77F5BE9FCA53AE313562A3F7F03ED13C00F',284,NULL);
INSERT INTO "decision_parts" VALUES('53c1cca28ce10af00b0b003547a162b25711b62647b1afda10705f06f0e54b1b',X'7801BD92D16E83300C457F05E5194D50563AF895A9422176201A73501CDA4915FF3EA7946A93F6BC3C45F18D7DEF496E4A9BE83CB16ADF6F4A5B8B26A6FD3957FDC28E90B973A05A357842952B336A1AF0A130FE7396638A9BE48ABD28C0493DAA969669CA157E194478E88779E9002FCEEC0D469CA4F7A61C3DC76EF6611FEF88A32683AA2D72E5286208CB9C8A564F8CB9FA70947C71F4B34C9DDC45948F1279C0CD129552F31374BB2B05E924A0664F727BCF98A57899E38C7CCC1C6571C40C905D40C8C4464CD1D92F21D9D9EC5EB58BDC591F12AC5570417036A2584AEC46CDA3B4B7AF3AAD635D4151F4277D3CD5BD298F07008B755D178D6D9AAA7CB587D3E1F8561968B0E96BD04D891596A6D73275460247C3FD7976B75BB67EF28308FE7C845FF09E694B8907D86610B4A3D43491B00B0BD07BFF54955DF903D053BA9ED7FCF6E4B539E0F1CEFEFF1C08D90B0696FF2A708B9752ADDF3D7CE9E6',351,NULL);
INSERT INTO "decision_parts" VALUES('578a04b7e96243ffc14894a7001a8ec0e64ce7fd4a366454ae39e9030e5ce626',X'78012590CD6A9C310C00DFC5E750245992ED7D959283FE0C3974B7E44BC821F4DDEB25F866E4D18CBF9B7F5E6FF7BAAEBADAED77EBA25B99FA8CD89961604B2248616AE69C35D3878B9A58EEE93C75E730D9DB80E15C5B7B7D69F1F8FBF64363440B2C36DA6E3EC2CB03E9F03A83BA545F34CD81397861297483E0EC2542288BE349FB6359EDD6A4074618CD2804DB007E0E74E161A8E42403D1959487A3ED348401B2413794B0A3B7432ABB3EDF9F66CDAD3015692E3A250B362BB3C49442AA01DB55A38BD82E30A4A34CA71646AEB57916AC43BB3FF227522610502E330B2BE35AE7A973D1984938DC2702B90DF28E53394D8EFFC97328455DF58CBC3FBEDA0DFB2F786947F0E3189E8FC52760CF134BBA7C05FB38E3B903B0A8C3EEDB544F2C9DB5232CC8B64B0EEDD921DBBFFFFCF2860C',307,NULL);
INSERT INTO "decision_parts" VALUES('580202d9aaacaea4e9c35b4e278d217bb8102ba72b31864da50af159b0e6169e',X'7801358F5B6EC3201045F772BF5183A34669D88A15216CA62E0A8C2D1E529D287B2F90F473CE5CDDC7F880B136524A50F8C9795387030FEA7C960304E635DA95C942E558A8DE5BD19551157FBEAE8DE24C9CA1E48714B02EDDF47724D26182E2E27D65D138D6D30E75912F51038E977FD3652BD56FBC0AB86096E6FD002F8E7FD511EA249F02DE4CE43BBFD736B5A841A729EB44C4EFF040618D7B4FFE1A2E47813728896CA73D9D574BDAD545E0B63016CE2EB4D011769D6F14518B144E998CDD75FBFAEEFFBCFE0103AF616E',205,NULL);
INSERT INTO "decision_parts" VALUES('6fd178d2f8af0269b9c4b769edfc01e230f3fa661af2cae7cac2afb5d763d30d',X'78014D50418E83300CFC8BCF5105BB6A0FDCF6B48F400805E242A4248E9240B51BF5EF7580A22A97F1C8339E4C0685510754D06490DE075A0B6EDB16267208021E3880A83A01AEE649D5D0754F0134440CDB6A8619A589ACE19D553A1DE7B7C36068FA70C8A0F4843141536CD89014F69AAF15EBE766EBC9E8F1AF64B907C47FECE53D6180E65B80D156273E93371D83AF4A409C654068EA4BC1893CD357862B99C5621938AAA198DE3EB76ADB5CA2C7F124EBEBA5E2BD80F6F87C866189DA618C7BBCA3899374D2F251F8DD0B1AC97A46AE846B339CE3AEDDEAFB200FED4EA35B75206759DCAF32683998923AC30FDB732702B49513F687684EC9ABA674C5EF050083920A',261,NULL);
INSERT INTO "decision_parts" VALUES('bae1d6128925ad90f46445c85e12e70fb66c355afe0a1212c2f8b07d99f48e09',X'78018B8E36D53388D589364022F34A73726263015D530787',24,NULL);
CREATE TABLE decisions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at TIMESTAMP NOT NULL, 
	plan_hash TEXT NOT NULL, 
	version TEXT NOT NULL, 
	actions INTEGER NOT NULL, 
	manifest TEXT NOT NULL
);
INSERT INTO "decisions" VALUES(1,13,'f4aaaaa563d00b7a576bc152ddfe66609f99314f272583cd9e9b6da91e3e1cba','0.1',1,'578a04b7e96243ffc14894a7001a8ec0e64ce7fd4a366454ae39e9030e5ce626');
CREATE TABLE deliveries (
	delivery_id TEXT NOT NULL, 
	at TIMESTAMP NOT NULL, 
	PRIMARY KEY (delivery_id)
);
INSERT INTO "deliveries" VALUES('hook-1',12);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at TIMESTAMP NOT NULL, 
	kind TEXT NOT NULL, 
	business_id TEXT, 
	component_id TEXT, 
	instance INTEGER, 
	node_id TEXT, 
	message TEXT NOT NULL, 
	cause TEXT DEFAULT '' NOT NULL, 
	plan_hash TEXT DEFAULT '' NOT NULL
);
INSERT INTO "events" VALUES(1,11,'accepted','shop',NULL,NULL,NULL,'shop accepted','git','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff');
CREATE TABLE heals (
	business_id TEXT NOT NULL, 
	component_id TEXT NOT NULL, 
	instance INTEGER NOT NULL, 
	field TEXT NOT NULL, 
	count INTEGER NOT NULL, 
	first_at TIMESTAMP NOT NULL, 
	last_at TIMESTAMP NOT NULL, 
	PRIMARY KEY (business_id, component_id, instance, field)
);
INSERT INTO "heals" VALUES('shop','web',0,'user',1,10,10);
CREATE TABLE instances (
	business_id TEXT NOT NULL, 
	component_id TEXT NOT NULL, 
	instance INTEGER NOT NULL, 
	node_id TEXT NOT NULL, 
	status TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	promise TEXT NOT NULL, 
	container_id TEXT, 
	confirmed BOOLEAN NOT NULL, 
	ended BOOLEAN NOT NULL, 
	message TEXT NOT NULL, 
	started_at TIMESTAMP, 
	updated_at TIMESTAMP NOT NULL, 
	failed_digest TEXT DEFAULT '' NOT NULL, 
	drift TEXT DEFAULT '[]' NOT NULL, 
	PRIMARY KEY (business_id, component_id, instance, node_id), 
	FOREIGN KEY(node_id) REFERENCES agents (agent_id) ON DELETE CASCADE
);
INSERT INTO "instances" VALUES('shop','web',0,'n1','running','d1',7,'{"cpu_cores":0.5,"memory_mb":256,"gpu_devices":[0],"host_ports":["8080/tcp"]}','shop-c',1,0,'',3.5,4,'d0','[{"field":"user","expected":"\"0\"","actual":"\"1\"","first_seen":4.0}]');
INSERT INTO "instances" VALUES('gone','web',0,'n1','running','d1',7,'{}','gone-c',1,0,'',NULL,4,'','[]');
INSERT INTO "instances" VALUES('wiki','web',0,'n1','pending','a875a5b6b6f3043aa519720ca5db3d8e0593373b90af1aa71a9041e092fd9ba7',11,'{"cpu_cores":0.0}',NULL,0,0,'',NULL,14,'','[]');
CREATE TABLE revisions (
	business_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	spec TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	source TEXT NOT NULL, 
	who TEXT NOT NULL, 
	at TIMESTAMP NOT NULL, 
	git_commit TEXT, 
	author TEXT, 
	subject TEXT, 
	committed_at TIMESTAMP, 
	PRIMARY KEY (business_id, number)
);
INSERT INTO "revisions" VALUES('shop',1,'{"business_id":"shop","business_name":"Shop","components":[{"component_id":"web","component_name":"web","image_name":"nginx:1","environment_variables":{"A":"1"}}]}','356475eee9e2ac9137f71b4edde9e434141c145febdabd7e196aa231d0d3613d','desired/shop.yaml','git',1,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','Ann','First',1);
INSERT INTO "revisions" VALUES('shop',2,'{"business_id":"shop","business_name":"Shop","components":[{"component_id":"web","component_name":"web","image_name":"nginx:2","environment_variables":{"A":"1"}}]}','ecd9e2b752a9b9d39328547d8d82e696caa2870d72bf7b5853b45b3553889de5','desired/shop.yaml','git',2,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','Ann','Second',2);
INSERT INTO "revisions" VALUES('blog',1,'{"business_id":"blog","business_name":"Blog","components":[{"component_id":"web","component_name":"web","image_name":"httpd:1","environment_variables":{"A":"1"}}]}','5c80b4b132d675f8616c5220de7760b30526052788d6f6c21e837e7d349ff572','api','api 127.0.0.1',3,NULL,NULL,NULL,NULL);
INSERT INTO "revisions" VALUES('gone',1,'{"business_id":"gone","business_name":"Gone","components":[{"component_id":"web","component_name":"web","image_name":"httpd:1","environment_variables":{"A":"1"}}]}','8f6a46b72cacb0ae2bc1807419e1c79d12d5a3afc4f54bfc1c6a7cf370a2da75','api','api 127.0.0.1',3,NULL,NULL,NULL,NULL);
INSERT INTO "revisions" VALUES('shop',3,'{"business_id":"shop","business_name":"Shop","components":[{"component_id":"web","component_name":"web","image_name":"nginx:1","environment_variables":{"A":"1"}}]}','356475eee9e2ac9137f71b4edde9e434141c145febdabd7e196aa231d0d3613d','desired/shop.yaml','api 127.0.0.1: rollback to revision 1',7,NULL,NULL,NULL,NULL);
INSERT INTO "revisions" VALUES('wiki',1,'{"business_id":"wiki","business_name":"Wiki","components":[{"component_id":"web","component_name":"web","image_name":"wiki:1","environment_variables":{"A":"1"}}]}','a7c902f99f3754f71957f7379a8e2f401a5caed86dc9d86142077e8eecd6d14e','api','Ann',14,NULL,NULL,NULL,NULL);
CREATE TABLE saved_plans (
	plan_hash TEXT NOT NULL, 
	document TEXT NOT NULL, 
	who TEXT NOT NULL, 
	at TIMESTAMP NOT NULL, 
	state TEXT NOT NULL, 
	departures TEXT NOT NULL, 
	PRIMARY KEY (plan_hash)
);
INSERT INTO "saved_plans" VALUES('26a2c96d148c11163edd3e7e7832acd979658d1ae6f911f49329fc0241c5e99a','{"revisions":{"wiki":1},"saved":{"format":"reconciler.saved-plan/1","hash":"26a2c96d148c11163edd3e7e7832acd979658d1ae6f911f49329fc0241c5e99a","document":{"actions":[{"affects":[],"business_id":"gone","changes":[],"component_id":"web","digest":null,"exceeds":[],"gpu_devices":[],"held":null,"host_ports":[],"instance":0,"interrupts":false,"kind":"stop","live":false,"node_id":"n1","old_digest":"d1","reason":"business gone is not in the desired state","source":null,"waits_for":[]},{"affects":[],"business_id":"shop","changes":[],"component_id":"web","digest":"b397c4a49752c3cf8ee14e38f595b940fcc56be3466eda96286c5ba89c1f8afe","exceeds":[],"gpu_devices":[],"held":null,"host_ports":[],"instance":0,"interrupts":true,"kind":"update","live":false,"node_id":"n1","old_digest":"d1","reason":"runs a version that no kept revision has","source":"desired/shop.yaml","waits_for":[]},{"affects":[],"business_id":"blog","changes":[],"component_id":"web","digest":"5b1ff242db4683b7e1ba0b380b2ad605e913e2c6c10b18e5b30f18663d6b634b","exceeds":[],"gpu_devices":[],"held":"paused: ''reconciler resume blog'' goes on","host_ports":[],"instance":0,"interrupts":false,"kind":"create","live":false,"node_id":"n1","old_digest":null,"reason":"not running yet","source":"api","waits_for":[]},{"affects":[],"business_id":"wiki","changes":[],"component_id":"web","digest":"a875a5b6b6f3043aa519720ca5db3d8e0593373b90af1aa71a9041e092fd9ba7","exceeds":[],"gpu_devices":[],"held":null,"host_ports":[],"instance":0,"interrupts":false,"kind":"create","live":false,"node_id":"n1","old_digest":null,"reason":"not running yet","source":"api","waits_for":[]}],"downloads":[{"disk_free_mb":null,"disk_suffices":null,"images":3,"node_id":"n1","of_unknown_size":3,"size_mb":0}],"drifted":[],"fetches":[{"disk_free_mb":null,"disk_suffices":null,"how":"pull","image":"nginx:1","instance":"shop/web/0","node_id":"n1","present":false,"pull_policy":"missing","size_mb":null},{"disk_free_mb":null,"disk_suffices":null,"how":"pull","image":"httpd:1","instance":"blog/web/0","node_id":"n1","present":false,"pull_policy":"missing","size_mb":null},{"disk_free_mb":null,"disk_suffices":null,"how":"pull","image":"wiki:1","instance":"wiki/web/0","node_id":"n1","present":false,"pull_policy":"missing","size_mb":null}],"format":"reconciler.plan/1","hash":"26a2c96d148c11163edd3e7e7832acd979658d1ae6f911f49329fc0241c5e99a","pending":[],"stays":{},"summary":{"create":2,"pending":0,"stop":1,"update":1},"unchanged":0,"unknowns":[{"age_seconds":null,"instances":["blog/web/0"],"node_id":null,"since":null,"what":"the size of image httpd:1: no node has it"},{"age_seconds":null,"instances":["shop/web/0"],"node_id":null,"since":null,"what":"the size of image nginx:1: no node has it"},{"age_seconds":null,"instances":["wiki/web/0"],"node_id":null,"since":null,"what":"the size of image wiki:1: no node has it"},{"age_seconds":null,"instances":["blog/web/0","shop/web/0","wiki/web/0"],"node_id":"n1","since":null,"what":"does not report how much disk is free"}]},"needs":{"businesses":["wiki"],"nodes":{"n1":{"cpu_cores":0.0,"memory_mb":0,"disk_mb":0,"gpu_devices":[],"host_ports":[],"labels":[],"runtimes":["docker"],"gpus":false,"opens":true}},"addresses":[],"moving":["wiki/web/0"]},"facts":[{"path":"business wiki: spec","kind":"is","value":"none"},{"path":"node n1: runtime docker","kind":"is","value":true},{"path":"node n1: state","kind":"is","value":"ready"}],"businesses":[]}}','Ann',14,'executing','[]');
CREATE TABLE vanished (
	business_id TEXT NOT NULL, 
	component_id TEXT NOT NULL, 
	instance INTEGER NOT NULL, 
	node_id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (business_id, component_id, instance)
);
INSERT INTO "vanished" VALUES('blog','web',0,'n1','d1');
CREATE TABLE verdicts (
	business_id TEXT NOT NULL, 
	component_id TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	at TIMESTAMP NOT NULL, 
	PRIMARY KEY (business_id, component_id, digest), 
	FOREIGN KEY(business_id) REFERENCES businesses (business_id) ON DELETE CASCADE
);
INSERT INTO "verdicts" VALUES('shop','web','d0','rejected','exited with code 3',6);
INSERT INTO "verdicts" VALUES('shop','web','d1','good','',6);
CREATE INDEX events_by_node ON events (node_id, id);
CREATE INDEX events_by_business ON events (business_id, id);
CREATE INDEX decisions_by_hash ON decisions (plan_hash);
CREATE INDEX decision_parts_by_last ON decision_parts (last, size);
CREATE INDEX business_components_by_node ON business_components (node_id);
CREATE INDEX instances_by_node ON instances (node_id);
CREATE INDEX component_metrics_by_component ON component_metrics (business_id, component_id, timestamp);
CREATE INDEX component_metrics_by_time ON component_metrics (span, timestamp);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('component_metrics',3);
INSERT INTO "sqlite_sequence" VALUES('events',1);
INSERT INTO "sqlite_sequence" VALUES('decisions',1);
COMMIT;
