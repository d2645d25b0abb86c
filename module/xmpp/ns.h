/* Every protocol word that more than one file needs, each with its source. */
#ifndef XMPP_NS_H
#define XMPP_NS_H

#define NS_STREAM "http://etherx.jabber.org/streams"		/* RFC 6120 */
#define NS_COMPONENT "jabber:component:accept"			/* XEP-0114 */
#define NS_STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"	/* RFC 6120 */
#define NS_STREAMS "urn:ietf:params:xml:ns:xmpp-streams"	/* RFC 6120 */
#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"	/* XEP-0030 */
#define NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items" /* XEP-0030 */
#define NS_DATA "jabber:x:data"					/* XEP-0004 */
#define NS_VALIDATE "http://jabber.org/protocol/xdata-validate" /* XEP-0122 */
#define NS_COMMANDS "http://jabber.org/protocol/commands"	/* XEP-0050 */
#define NS_REGISTER "jabber:iq:register"			/* XEP-0077 */
#define NS_OOB "jabber:x:oob"					/* XEP-0066 */
#define NS_SERVERINFO "http://jabber.org/network/serverinfo"	/* XEP-0157 */
#define NS_REPORTING "urn:xmpp:reporting:1"			/* XEP-0377 */
#define NS_BLOCKING "urn:xmpp:blocking"				/* XEP-0191 */
#define NS_REPORTING "urn:xmpp:reporting:1"			/* XEP-0377 */
#define NS_REPORTING_SPAM "urn:xmpp:reporting:spam"		/* XEP-0377 */
#define NS_REPORTING_ABUSE "urn:xmpp:reporting:abuse"		/* XEP-0377 */
#define NS_SID "urn:xmpp:sid:0"					/* XEP-0359 */
#define NS_PING "urn:xmpp:ping"					/* XEP-0199 */
#define NS_VERSION "jabber:iq:version"				/* XEP-0092 */
#define NS_HATS "urn:xmpp:hats:0"				/* XEP-0317 */
#define NS_HATS_OLD "xmpp:prosody.im/protocol/hats:1" /* XEP-0317 0.1 */
#define NS_GUARD "urn:masthead:guard:0"		      /* PROTOCOL.md */
#define NS_BADGE "urn:masthead:badge:0"		      /* PROTOCOL.md */
#define NS_ERROR "urn:masthead:error:0"		      /* PROTOCOL.md */
#define NS_OPERATOR "urn:masthead:operator:0"	      /* PROTOCOL.md */
#define NS_KEYS "urn:masthead:keys:0"		      /* PROTOCOL.md */

#endif
